import { VERSION } from '../common/version.js';

export const ROUTES: readonly { readonly route: string; readonly about: string }[] = [
  { route: 'POST /v1/chat/completions', about: 'OpenAI Chat Completions, streamed or not' },
  { route: 'POST /v1/messages', about: 'Anthropic Messages, streamed or not' },
  { route: 'POST /v1/messages/count_tokens', about: 'Tokens of a message, without a call' },
  { route: 'POST /v1/responses', about: 'OpenAI Responses, streamed or not' },
  { route: 'POST /v1/responses/compact', about: 'Compaction of a conversation' },
  { route: 'GET /v1/models', about: 'Models and their suffixes' },
  { route: 'GET /stats', about: 'Accounts with state, counts and quota; for operators' },
  { route: 'POST /refresh', about: 'Renew the tokens of all accounts; for operators' },
  { route: 'POST /check-quota', about: 'Ask for the quota of all accounts; for operators' },
  { route: 'POST /recover-auth', about: 'Bring accounts back into service; for operators' },
  { route: 'GET /health', about: 'Summary with account counts' },
  { route: 'GET /health/live', about: 'The process answers' },
  { route: 'GET /health/ready', about: 'Traffic may be sent here' },
];

export const ABOUT = {
  name: 'codex-proxy',
  version: VERSION,
  description: 'Gateway that speaks the OpenAI and Anthropic APIs over a pool of Codex accounts',
  routes: Object.fromEntries(ROUTES.map(({ route, about }) => [route, about])),
};

const rows = ROUTES.map(({ route, about }) => `<tr><td><code>${route}</code></td><td>${about}</td></tr>`).join('\n');

const SCRIPT = `fetch('health').then(r=>r.json()).then(h=>{document.getElementById('health').textContent=
h.status+' \\u2013 '+h.accounts+' accounts, '+h.states.usable+' usable'}).catch(()=>{document.getElementById('health').textContent='no answer'})`;

/** One self-contained page: nothing is loaded from elsewhere. */
export const FRONT_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>codex-proxy</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
td{padding:.35rem .5rem;border-top:1px solid #8884}
small{opacity:.7}
</style>
</head>
<body>
<h1>codex-proxy <small>${VERSION}</small></h1>
<p>${ABOUT.description}. Point an OpenAI client at <code>/v1</code> of this address, an Anthropic client at the address itself.</p>
<p>Health: <strong id="health">…</strong></p>
<table>
${rows}
</table>
<script>${SCRIPT}</script>
</body>
</html>
`;
