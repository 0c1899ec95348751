// What may happen next, without asking anybody: the delivery's table of moves as the server wrote it
// into the page, and the day as it stands once the queue will have been told.
const machine = JSON.parse(document.getElementById('machine').textContent);

const NEXT = {
  offered: 'accepted', assigned: 'accepted', accepted: 'at_pickup', at_pickup: 'picked_up',
  picked_up: 'en_route', en_route: 'arriving', arriving: 'arrived', arrived: 'delivered',
};
const ENDED = new Set(['delivered', 'failed', 'returning', 'returned', 'cancelled', 'unassigned']);

export const failures = machine.failures;
export const inWords = (status) => machine.words[status] ?? status;
export const isAboard = (status) => machine.aboard.includes(status);
export const isEnded = (status) => ENDED.has(status);

/** The one tap that comes next; null when dispatch has to decide. */
export function next(stop) {
  const wanted = NEXT[stop.status];
  return wanted && allowed(stop).includes(wanted) ? wanted : null;
}

/** What the driver may say now. The server's own word where it is fresh, else the table. */
export function allowed(stop) {
  if (!stop.isAhead) return stop.allowed;
  return stop.status === 'offered' ? ['accepted', 'unassigned'] : machine.moves[stop.status] ?? [];
}

/** Is what the server has at or beyond what the phone said? Then nothing was lost. */
export function isBeyond(status, told) {
  const place = (each) => machine.order.indexOf(each);
  const onTheWay = (each) => place(each) <= place('delivered');
  return onTheWay(status) && onTheWay(told) && place(status) >= place(told);
}

/** The stops as they will stand: the server's, with what waits in the queue on top. */
export function project(stops, queue) {
  return stops.map((stop) => {
    const mine = queue.filter((entry) => entry.delivery_id === stop.delivery_id);
    const told = mine.filter((entry) => entry.kind === 'status').at(-1);
    const pictures = mine.filter((entry) => entry.kind === 'picture').map((entry) => entry.picture);
    return {
      ...stop,
      status: told ? told.event.status : stop.status,
      isAhead: Boolean(told),
      waiting: mine.length,
      proofs: [...new Set([...stop.proofs, ...pictures])],
    };
  });
}
