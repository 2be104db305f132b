// A real identity provider (npm oidc-provider) for tests: `node provider.mjs '{"port": …, "client": {…}}'`.
//
// Who signs in types a name into its form, and how (`acr`, `amr`): the tests play the person. Everything else, PKCE,
// nonce, max_age, keys, the device flow, is as the library does it.
import { Provider } from 'oidc-provider';

const { port, client, people } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [client],
  acrValues: ['urn:dhb:password', 'urn:dhb:passkey', 'urn:dhb:passkey-in-person'],
  claims: { openid: ['sub', 'employee_number'], acr: null, amr: null, auth_time: null, iss: null },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, employee_number: people[id] }) }),
  cookies: { keys: ['only for tests'] },
});

async function form(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body);
}

async function consented(details) {
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope('openid');
  return { consent: { grantId: await grant.save() } };
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = `<form method="post" data-prompt="${details.prompt.name}"><input name="who"><button>Go</button></form>`;
    return undefined;
  }
  const said = await form(ctx.req);
  const result = details.prompt.name === 'login'
    ? { login: { accountId: said.get('who'), acr: said.get('acr') || undefined, amr: said.getAll('amr') } }
    : await consented(details);
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

provider.listen(port, '127.0.0.1', () => console.log('up'));
