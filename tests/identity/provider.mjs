// A certified OpenID provider that nobody here wrote (npm oidc-provider), for tests only.
// node provider.mjs <redirect uri> → prints its issuer, then serves until its input ends.
import { Provider } from 'oidc-provider';
import { createServer } from 'node:http';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'tandem', client_secret: 'a secret between the two of us',
      redirect_uris: [process.argv[2]], grant_types: ['authorization_code'], response_types: ['code'],
    }],
    // Who signs in is what is typed: `unverified.x@…` has an address that was not verified.
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id.replace(/^other-/, ''), email_verified: !id.startsWith('unverified.') }),
    }),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], acr: null, amr: null, auth_time: null },
    acrValues: ['urn:strong', 'urn:weak'],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, claimsParameter: { enabled: true } },
    cookies: { keys: ['for tests only'] },
  });
  // How and when: `mfa.asha@…` and `weak.asha@…` are asha, who showed two factors, or one by a weak
  // class; `old.asha@…` was seen two hours ago.
  const finished = provider.interactionFinished.bind(provider);
  provider.interactionFinished = (request, response, result, options) => {
    const login = result.login;
    if (login) {
      const [, how, who] = /^(?:(mfa|weak|old)\.)?(.*)$/.exec(login.accountId);
      login.accountId = who;
      if (how === 'mfa') login.amr = ['pwd', 'otp'];
      if (how === 'weak') Object.assign(login, { amr: ['pwd'], acr: 'urn:weak' });
      if (how === 'old') login.ts = Math.floor(Date.now() / 1000) - 7200;
    }
    return finished(request, response, result, options);
  };
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
