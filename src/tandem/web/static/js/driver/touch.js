// News that comes between a finger's landing and the tap it becomes would take the button away from
// under it, and the tap would be lost. Whoever draws asks here first.
//
// A tap ends in a click, a swipe in a cancelled pointer; a finger let go elsewhere ends in neither.
const CLICK_MS = 400;
let waiting = null;
let isDown = false;
let giveUp = 0;

export const isTouched = () => isDown;

/** Only the last one waits: it draws what is true by then. */
export function whenLetGo(act) {
  waiting = act;
}

function letGo() {
  clearTimeout(giveUp);
  isDown = false;
  // After the click's own doing: a link that is taken out of the page leads nowhere.
  setTimeout(() => {
    if (isDown || !waiting) return;
    const act = waiting;
    waiting = null;
    act();
  });
}

addEventListener('pointerdown', () => { clearTimeout(giveUp); isDown = true; }, true);
addEventListener('click', letGo, true);
addEventListener('pointercancel', letGo, true);
addEventListener('pointerup', () => { giveUp = setTimeout(letGo, CLICK_MS); }, true);
