import { Flag, Integer } from '../key.decorators.js';

export class LoginKeys {
  static readonly title = 'Sign-in';

  @Flag('enable-codex-login', { about: 'Offer the sign-in that creates accounts.', notYet: true })
  enableCodexLogin = true;

  @Integer('oauth-callback-port', { about: 'Port of the sign-in callback.', min: 1, max: 65_535, notYet: true })
  oauthCallbackPort = 1455;

  @Flag('oauth-no-browser', { about: 'Print the sign-in address instead of opening a browser.', notYet: true })
  oauthNoBrowser = false;
}
