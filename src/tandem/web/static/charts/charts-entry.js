// The parts of Chart.js that dashboards draw with, in one file of its own: no other page loads it.
import {
  BarController, BarElement, CategoryScale, Chart, Legend, LineController, LineElement, LinearScale,
  PointElement, Tooltip,
} from 'chart.js';

Chart.register(
  BarController, BarElement, CategoryScale, Legend, LineController, LineElement, LinearScale,
  PointElement, Tooltip,
);

export { Chart };
