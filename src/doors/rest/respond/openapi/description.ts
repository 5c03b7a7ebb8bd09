export interface Description {
  readonly summary?: string;
  readonly description?: string;
}

/** A comment's first line is the summary, and what follows, if anything, the description. */
export function describe(comment: string | null): Description {
  if (comment === null) return {};
  const end = comment.indexOf("\n");
  if (end < 0) return { summary: comment };
  const rest = comment.slice(end).replace(/^\n+/, "");
  return { summary: comment.slice(0, end), ...(rest === "" ? {} : { description: rest }) };
}
