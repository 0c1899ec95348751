// Light or dark: the system's choice until a person makes another, which this browser remembers.
const root = document.documentElement;

for (const button of document.querySelectorAll('[data-theme-toggle]')) {
  button.addEventListener('click', () => {
    const theme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
    root.dataset.bsTheme = theme;
    localStorage.theme = theme;
  });
}
