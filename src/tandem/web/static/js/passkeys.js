// Passkeys: making one, signing in with one, confirming with one. Buttons for it stay hidden where a
// browser has none, or where the site is reached by an address that passkeys do not know.
const knows =
  window.isSecureContext &&
  window.PublicKeyCredential?.parseRequestOptionsFromJSON &&
  window.PublicKeyCredential.parseCreationOptionsFromJSON &&
  !/^[\d.]+$|:/.test(location.hostname);

const send = async (path, body) => {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: body ? JSON.stringify(body) : undefined,
  });
  const told = answer.status === 204 ? {} : await answer.json();
  if (answer.ok) return told;
  throw Object.assign(new Error(told.detail ?? 'This did not work.'), { code: told.code });
};

const show = async () => {
  const options = await send('/v1/passkey-options');
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
};

const acts = {
  passkeySignIn: async (button) => {
    await send('/v1/sessions/passkey', { credential: await show() });
    location.assign(button.dataset.next);
  },
  passkeyConfirm: async (button) => {
    await send('/v1/me/proofs', { credential: await show() });
    location.assign(button.dataset.next);
  },
  passkeyAdd: async () => {
    const options = await send('/v1/me/passkey-options');
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const made = await navigator.credentials.create({ publicKey });
    const name = navigator.userAgentData?.platform || 'This device';
    const { recovery_codes: codes } = await send('/v1/me/passkeys', { name, credential: made.toJSON() });
    if (codes.length) showCodes(codes);
    else location.reload();
  },
};

const showCodes = (codes) => {
  const dialog = document.getElementById('codes-dialog');
  dialog.querySelector('ol').replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement('li');
      item.append(Object.assign(document.createElement('code'), { textContent: code }));
      return item;
    }),
  );
  dialog.addEventListener('close', () => location.reload());
  dialog.showModal();
};

for (const told of document.querySelectorAll('[data-passkey-without]')) told.hidden = knows;

for (const button of document.querySelectorAll('[data-passkey-sign-in], [data-passkey-confirm], [data-passkey-add]')) {
  button.hidden = !knows;
  const act = acts[Object.keys(acts).find((name) => name in button.dataset)];
  button.addEventListener('click', async () => {
    const say = document.getElementById(button.dataset.say);
    say.textContent = '';
    button.disabled = true;
    try {
      await act(button);
    } catch (reason) {
      if (reason.code === 'step_up_needed') location.assign(`/security/confirm?next=${location.pathname}`);
      else say.textContent = reason.name === 'NotAllowedError' ? 'That was cancelled, or took too long.' : reason.message;
    } finally {
      button.disabled = false;
    }
  });
}
