// Calls to the server in the driver's name. The token comes from the phone's own database and goes
// into a header; cookies are never sent along.
import * as keep from './keep.js';

const WAIT_MS = 20_000;

/** Nobody answered, or the server is not well: worth trying again later. */
export class Unreachable extends Error {}

/** The server said no; `problem` is its RFC 9457 answer, `token` what it was asked with. */
export class Refused extends Error {
  constructor(status, problem, token) {
    super(problem?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.token = token;
    this.problem = problem ?? {};
  }
}

export async function call(method, path, body) {
  const token = await keep.get('token');
  const headers = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const isForm = body instanceof FormData;
  if (body && !isForm) headers['content-type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: isForm ? body : body && JSON.stringify(body), credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(WAIT_MS),
    });
  } catch (reason) {
    throw new Unreachable(reason.message);
  }
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable(`The server answered ${answer.status}.`);
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, said, token);
  return said;
}
