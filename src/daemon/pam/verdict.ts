/** Return values of PAM modules (pam(3)). pam_exec.so makes one error of all but 0, and names the value in the log. */
export const PAM = {
  success: 0,
  serviceError: 3,
  permissionDenied: 6,
  authenticationError: 7,
  informationUnavailable: 9,
  accountExpired: 13,
  ignore: 25,
} as const;

/** What PAM is told, and why, in one line for the machine's log. Never a secret. */
export interface PamVerdict {
  readonly code: (typeof PAM)[keyof typeof PAM];
  readonly why: string;
}
