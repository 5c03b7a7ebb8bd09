/*
 * Asks the PAM door of a running Postern about a login to PostgreSQL. One source, two programs:
 *
 *   a PAM module, which sees the whole token however long it is (libpam0g-dev or pam-devel):
 *     cc -O2 -Wall -Wextra -fPIC -shared -DPAM_MODULE -o pam_postern.so pam_postern.c -lpam
 *   a program for PAM's own pam_exec.so, which needs no header of PAM's; tokens of up to 510 bytes, where pam_exec cuts:
 *     cc -O2 -Wall -Wextra -o postern-pam pam_postern.c
 *
 * Arguments of both: socket=/PATH [cluster=NAME] [database=NAME]. It decides nothing: "allow" is the one answer that lets
 * anybody in, and whatever goes wrong is a denial. What goes over the socket is described in src/doors/pam/question.ts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#ifdef PAM_MODULE
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#else
/* Return values of pam(3), which need no header. pam_exec makes one error of all but 0, and logs the number. */
enum { PAM_SUCCESS = 0, PAM_SERVICE_ERR = 3, PAM_PERM_DENIED = 6, PAM_AUTH_ERR = 7, PAM_AUTHINFO_UNAVAIL = 9 };
#endif

enum {
  MAX_QUESTION = 66 * 1024, /* as the door takes it: a token of 64 kB, and names and an address */
  MAX_ANSWER = 1024,        /* a code, an id and a sentence */
  DEADLINE_MS = 10 * 1000,  /* PostgreSQL gives up after authentication_timeout, 60 s; clients mostly before */
};

struct question {
  char bytes[MAX_QUESTION];
  size_t length;
  bool too_long;
};

struct target {
  const char *socket, *cluster, *database;
};

static void put(struct question *q, const char *bytes, size_t length) {
  if (length > sizeof q->bytes - q->length) {
    q->too_long = true;
    return;
  }
  memcpy(q->bytes + q->length, bytes, length);
  q->length += length;
}

/* No value of PAM's holds a NUL, so that a value cannot begin a field of its own. */
static void add(struct question *q, const char *name, const char *value) {
  if (value == NULL) return;
  put(q, name, strlen(name));
  put(q, "=", 1);
  put(q, value, strlen(value) + 1);
}

static bool read_arguments(struct target *target, int argc, const char **argv) {
  memset(target, 0, sizeof *target);
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "socket=", 7) == 0) target->socket = argv[i] + 7;
    else if (strncmp(argv[i], "cluster=", 8) == 0) target->cluster = argv[i] + 8;
    else if (strncmp(argv[i], "database=", 9) == 0) target->database = argv[i] + 9;
    else return false;
  }
  return target->socket != NULL && target->socket[0] == '/';
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool ready(int fd, short events, long deadline) {
  for (;;) {
    long left = deadline - now_ms();
    if (left <= 0) return false;
    struct pollfd one = {.fd = fd, .events = events};
    int polled = poll(&one, 1, (int)left);
    if (polled > 0) return true;
    if (polled == 0 || errno != EINTR) return false;
  }
}

static bool send_whole(int fd, const struct question *q, long deadline) {
  for (size_t sent = 0; sent < q->length;) {
    ssize_t n = send(fd, q->bytes + sent, q->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += (size_t)n;
    else if (errno != EINTR && !((errno == EAGAIN || errno == EWOULDBLOCK) && ready(fd, POLLOUT, deadline))) return false;
  }
  return true;
}

/* The first line of the answer without its end; false when there is no whole line. */
static bool read_line(int fd, char *answer, long deadline) {
  for (size_t length = 0; length < MAX_ANSWER - 1;) {
    if (!ready(fd, POLLIN, deadline)) return false;
    ssize_t n = recv(fd, answer + length, MAX_ANSWER - 1 - length, MSG_DONTWAIT);
    if (n == 0) return false;
    if (n < 0) {
      if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
      return false;
    }
    length += (size_t)n;
    answer[length] = '\0';
    char *end = strchr(answer, '\n');
    if (end != NULL) {
      *end = '\0';
      return true;
    }
  }
  return false;
}

static bool exchange(const char *path, const struct question *q, char *answer) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  long deadline = now_ms() + DEADLINE_MS;
  if (q->too_long || strlen(path) >= sizeof address.sun_path) return false;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  struct timeval patience = {.tv_sec = DEADLINE_MS / 1000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* what connect(2) waits for a full backlog */
  bool done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && send_whole(fd, q, deadline) &&
              read_line(fd, answer, deadline);
  close(fd);
  return done;
}

/* Asks, and says why in `why`. `credential` is NULL when the account is asked about. */
static int ask(const struct target *target, const char *role, const char *rhost, pid_t backend, const char *credential,
               char why[MAX_ANSWER + 64]) {
  struct question q = {.length = 0};
  char process[24], answer[MAX_ANSWER] = "";
  bool local = rhost == NULL || *rhost == '\0';
  snprintf(process, sizeof process, "%ld", (long)backend);
  put(&q, "postern-pam/1", sizeof "postern-pam/1");
  add(&q, "type", credential == NULL ? "account" : "auth");
  add(&q, "role", role);
  add(&q, "rhost", local ? "[local]" : rhost);
  add(&q, "process", process);
  add(&q, "cluster", target->cluster);
  add(&q, "database", target->database);
  add(&q, "credential", credential);
  put(&q, "", 1);
  bool answered = exchange(target->socket, &q, answer), too_long = q.too_long;
  explicit_bzero(&q, sizeof q);
  if (too_long) {
    snprintf(why, MAX_ANSWER + 64, "the token is longer than the 64 kB that Postern takes");
    return PAM_AUTH_ERR;
  }
  if (!answered) {
    snprintf(why, MAX_ANSWER + 64, "%.200s gives no answer", target->socket);
    return PAM_AUTHINFO_UNAVAIL;
  }
  snprintf(why, MAX_ANSWER + 64, "%s", answer);
  if (strcmp(answer, "allow") == 0) return PAM_SUCCESS;
  if (strncmp(answer, "deny ", 5) != 0) return PAM_AUTHINFO_UNAVAIL;
  return credential == NULL ? PAM_PERM_DENIED : PAM_AUTH_ERR;
}

/* One line for the log, whatever a client calls itself: no control character can begin another. */
static const char *line_of(char line[2 * MAX_ANSWER], int code, bool login, const char *role, const char *rhost,
                           const char *why) {
  snprintf(line, 2 * MAX_ANSWER, "denied (%d) %s of \"%.64s\" from %.255s: %s", code, login ? "auth" : "account",
           role == NULL ? "" : role, rhost == NULL || *rhost == '\0' ? "[local]" : rhost, why);
  for (char *at = line; *at != '\0'; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
  return line;
}

#ifdef PAM_MODULE

static int answer_pam(pam_handle_t *pamh, int argc, const char **argv, bool login) {
  struct target target;
  const char *role = NULL, *credential = NULL;
  const void *rhost = NULL;
  char why[MAX_ANSWER + 64] = "", line[2 * MAX_ANSWER];
  if (!read_arguments(&target, argc, argv)) {
    pam_syslog(pamh, LOG_ERR, "wrong arguments; write socket=/PATH [cluster=NAME] [database=NAME]");
    return PAM_SERVICE_ERR;
  }
  if (pam_get_user(pamh, &role, NULL) != PAM_SUCCESS || pam_get_item(pamh, PAM_RHOST, &rhost) != PAM_SUCCESS)
    return PAM_SERVICE_ERR;
  if (login && (pam_get_authtok(pamh, PAM_AUTHTOK, &credential, NULL) != PAM_SUCCESS || credential == NULL))
    return PAM_AUTH_ERR;
  int code = ask(&target, role, rhost, getpid(), login ? credential : NULL, why);
  if (code != PAM_SUCCESS)
    pam_syslog(pamh, LOG_NOTICE, "%s", line_of(line, code, login, role, rhost, why));
  return code;
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  (void)flags;
  return answer_pam(pamh, argc, argv, true);
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  (void)flags;
  return answer_pam(pamh, argc, argv, false);
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  (void)pamh, (void)flags, (void)argc, (void)argv;
  return PAM_IGNORE;
}

#else

#include <stdlib.h>

enum { MAX_CREDENTIAL = 8192 }; /* more than any pam_exec passes on */

/* pam_exec cuts a credential after PAM_MAX_RESP_SIZE bytes, its NUL among them, and says nothing. That is 512; who builds
 * Linux-PAM may have doubled it. */
static bool is_cut(const char *credential) {
  size_t size = strlen(credential) + 1;
  return size == 512 || size == 1024 || size == 2048 || size == 4096;
}

static int deny(int code, const char *why) {
  const char *type = getenv("PAM_TYPE");
  char line[2 * MAX_ANSWER];
  line_of(line, code, type == NULL || strcmp(type, "account") != 0, getenv("PAM_USER"), getenv("PAM_RHOST"), why);
  openlog("postern-pam", LOG_PID, LOG_AUTHPRIV);
  syslog(LOG_NOTICE, "%s", line);
  fprintf(stderr, "postern-pam: %s\n", line);
  return code;
}

int main(int argc, char **argv) {
  struct target target;
  const char *type = getenv("PAM_TYPE"), *role = getenv("PAM_USER"), *rhost = getenv("PAM_RHOST");
  char credential[MAX_CREDENTIAL + 2] = "", why[MAX_ANSWER + 64] = "";
  if (!read_arguments(&target, argc - 1, (const char **)argv + 1))
    return deny(PAM_SERVICE_ERR, "wrong arguments; write socket=/PATH [cluster=NAME] [database=NAME]");
  bool login = type != NULL && strcmp(type, "auth") == 0;
  if (role == NULL || type == NULL || (!login && strcmp(type, "account") != 0))
    return deny(PAM_SERVICE_ERR, "this is run by pam_exec.so, for auth and account");
  for (size_t length = 0; login && length <= MAX_CREDENTIAL;) {
    ssize_t n = read(STDIN_FILENO, credential + length, MAX_CREDENTIAL + 1 - length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    length += (size_t)n;
  }
  if (strlen(credential) > MAX_CREDENTIAL) return deny(PAM_AUTH_ERR, "the token is longer than 8192 bytes");
  if (is_cut(credential))
    return deny(PAM_AUTH_ERR, "pam_exec.so has cut the token; take the module pam_postern.so, or a personal access token");
  int code = ask(&target, role, rhost, getppid(), login ? credential : NULL, why);
  explicit_bzero(credential, sizeof credential);
  return code == PAM_SUCCESS ? code : deny(code, why);
}

#endif
