/** Personal access tokens, for operators: their own, and everybody's for whom policy lets see or revoke them. */
import type { ListedToken, TokenDesk, TokenRefused, TokenWish } from "../identity/personal-tokens/desk.ts";
import { Refused, refused } from "./denied.ts";
import type { Operator } from "./operator.ts";
import { mustBeRecorded, type Recorded } from "./recording.ts";

const RESOURCE = "personaltokens";

export class OwnTokens {
  readonly #desk: TokenDesk | undefined;
  readonly #recorded: Recorded;

  /** @param desk none without a store and a key */
  constructor(desk: TokenDesk | undefined, recorded: Recorded) {
    this.#desk = desk;
    this.#recorded = recorded;
  }

  /** The token's text is shown this once. @throws Refused */
  async create(operator: Operator, wish: TokenWish) {
    const made = given(await this.#kept().create(operator.identity, wish));
    await mustBeRecorded(this.#recorded);
    return { token: made.token.reveal(), listed: made.listed };
  }

  /** @param all everybody's, where policy lets the operator see them @throws Refused */
  async list(operator: Operator, all: boolean): Promise<readonly ListedToken[]> {
    const mayAll = all && operator.may({ verb: "list", resource: RESOURCE });
    const listed = await this.#kept().list(operator.identity, mayAll);
    return given(listed).tokens;
  }

  /** @throws Refused */
  async revoke(operator: Operator, id: string): Promise<ListedToken> {
    const all = operator.may({ verb: "delete", resource: RESOURCE, name: id });
    const { listed } = given(await this.#kept().revoke(operator.identity, id, all));
    await mustBeRecorded(this.#recorded);
    return listed;
  }

  #kept(): TokenDesk {
    if (this.#desk === undefined)
      throw refused("access/no-store", "personal tokens need store and personalTokens.key");
    return this.#desk;
  }
}

function given<T extends { readonly kind: string }>(outcome: T | TokenRefused): Exclude<T, TokenRefused> {
  if (outcome.kind === "refused") throw new Refused(outcome as TokenRefused);
  return outcome as Exclude<T, TokenRefused>;
}
