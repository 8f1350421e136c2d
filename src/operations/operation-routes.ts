/** The operator endpoints and the methods they take, for answers to any other method. */
export const OPERATION_ROUTES: readonly { readonly path: RegExp; readonly allow: string }[] = [
  { path: /^\/stats\/?$/, allow: 'GET, HEAD' },
  { path: /^\/(?:refresh|check-quota)\/?$/, allow: 'GET, HEAD, POST' },
  { path: /^\/recover-auth\/?$/, allow: 'POST' },
];
