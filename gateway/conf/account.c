/*
 * SMTP accounts: what [account NAME] says becomes an Account. What it logs in with is not read here but only when a session needs it
 * (account_secret), and by `sekisho check`.
 */
#include "account.h"

#include <string.h>
#include <unistd.h>

#include "program.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/private_file.h"

static void
account_clear(gpointer data)
{
	Account *account = data;
	g_free(account->name);
	g_free(account->host);
	g_free(account->user);
	g_free(account->password_file);
	g_free(account->token_file);
	g_free(account->token_command);
	g_free(account->ca_file);
	g_free(account->pins);
	g_free(account->hello);
}

Account *
account_ref(const Account *account)
{
	return g_atomic_rc_box_acquire((gpointer)account);
}

void
account_unref(Account *account)
{
	if (account != NULL)
		g_atomic_rc_box_release_full(account, account_clear);
}

/* --- Rules between keys -------------------------------------------------------------------------------------------------- */

static gboolean
is_loopback(const char *host)
{
	return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0 || g_ascii_strcasecmp(host, "localhost") == 0;
}

static void
check_security(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	const gboolean is_clear = account->security == ACCOUNT_PLAIN_LOOPBACK;

	if (is_clear && account->host[0] != '\0' && !is_loopback(account->host))
		settings_problem(settings, group, "security", problems,
		    "plain-loopback would send mail and password in clear over the network; write starttls or tls, or host = "
		    "127.0.0.1, ::1 or localhost");
	if (is_clear && account->pins[0] != '\0')
		settings_problem(settings, group, "pins", problems,
		    "would be looked at by nobody, because with plain-loopback no server shows a key; write security = starttls "
		    "or "
		    "tls, or take pins out");
}

/* libesmtp encrypts after STARTTLS alone, has no XOAUTH2, and takes HOST:PORT, in which no IPv6 address can stand. */
static void
check_transport(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	if (account->transport != ACCOUNT_ESMTP)
		return;
	if (account->security == ACCOUNT_TLS)
		settings_problem(settings, group, "transport", problems,
		    "esmtp cannot encrypt from the first byte; write transport = auto, or security = starttls");
	if (account->login == ACCOUNT_XOAUTH2)
		settings_problem(settings, group, "transport", problems,
		    "esmtp cannot log in with a token; write transport = auto, or login = password");
	if (strchr(account->host, ':') != NULL)
		settings_problem(settings, group, "transport", problems,
		    "esmtp cannot connect to an IPv6 address; write transport = auto, or the server's name as host");
}

static void
check_password(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	const char *token = account->token_file[0] != '\0'      ? "token_file"
			    : account->token_command[0] != '\0' ? "token_command"
								: NULL;
	if (token != NULL)
		settings_problem(
		    settings, group, token, problems, "is for login = xoauth2 alone; write that too, or take %s out", token);
	else if (account->user[0] != '\0' && account->password_file[0] == '\0')
		settings_problem(settings, group, "user", problems, "has no password; write password_file = PATH too");
	if (account->user[0] == '\0' && account->password_file[0] != '\0')
		settings_problem(settings, group, "password_file", problems, "has no user; write user = NAME too");
}

static void
check_token(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	const gboolean is_file = account->token_file[0] != '\0', is_command = account->token_command[0] != '\0';

	if (account->user[0] == '\0')
		settings_problem(settings, group, "login", problems,
		    "xoauth2 needs the name of the mailbox that the token is for; write user = NAME too");
	if (!is_file && !is_command)
		settings_problem(settings, group, "login", problems,
		    "xoauth2 has no token; write token_file = PATH or token_command = PATH too");
	if (is_file && is_command)
		settings_problem(settings, group, "token_command", problems, "stands beside token_file; keep one of the two");
	if (account->password_file[0] != '\0')
		settings_problem(settings, group, "password_file", problems,
		    "is for login = password alone; write that, or take password_file out");
}

static void
check_keys(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	check_security(account, settings, group, problems);
	check_transport(account, settings, group, problems);
	if (account->login == ACCOUNT_XOAUTH2)
		check_token(account, settings, group, problems);
	else
		check_password(account, settings, group, problems);
}

/* --- Reading ---------------------------------------------------------------------------------------------------------------- */

/* RFC 8314 7.3: 465 is the port of submission over TLS. */
static guint16
port_of(const Settings *settings, const char *group, AccountSecurity security)
{
	guint16 port = (guint16)settings_number(settings, group, "port");

	return port != 0 ? port : security == ACCOUNT_TLS ? 465 : 587;
}

/* As libcurl wants them. */
static char *
pins_of(const Settings *settings, const char *group)
{
	g_auto(GStrv) pins = g_strsplit_set(settings_text(settings, group, "pins"), " ", -1);
	g_autoptr(GString) joined = g_string_new(NULL);
	for (guint i = 0; pins[i] != NULL; i++)
		if (pins[i][0] != '\0')
			g_string_append_printf(joined, "%s%s", joined->len > 0 ? ";" : "", pins[i]);
	return g_strdup(joined->str);
}

static Account *
account_read(const Settings *settings, const char *group, GPtrArray *problems)
{
	Account *account = g_atomic_rc_box_new0(Account);
	account->name = g_strdup(group + strlen("account "));
	account->host = g_strdup(settings_text(settings, group, "host"));
	account->security = (AccountSecurity)settings_number(settings, group, "security");
	account->port = port_of(settings, group, account->security);
	account->transport = (AccountTransport)settings_number(settings, group, "transport");
	account->login = (AccountLogin)settings_number(settings, group, "login");
	account->user = g_strdup(settings_text(settings, group, "user"));
	account->password_file = settings_path(settings, group, "password_file");
	account->token_file = settings_path(settings, group, "token_file");
	account->token_command = settings_path(settings, group, "token_command");
	account->ca_file = settings_path(settings, group, "ca_file");
	account->pins = pins_of(settings, group);
	account->connections = (guint)settings_number(settings, group, "connections");
	(void)rate_read(settings_text(settings, group, "rate"), &account->rate, NULL);
	account->hello = g_strdup(settings_text(settings, group, "hello"));
	check_keys(account, settings, group, problems);
	return account;
}

GHashTable *
account_read_all(const Settings *settings, GPtrArray *problems)
{
	GHashTable *accounts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)account_unref);
	g_autoptr(GPtrArray) groups = settings_groups(settings, "account ");
	for (guint i = 0; i < groups->len; i++) {
		Account *account = account_read(settings, g_ptr_array_index(groups, i), problems);
		g_hash_table_insert(accounts, account->name, account);
	}
	return accounts;
}

GPtrArray *
account_find_all(const Settings *settings, GHashTable *own, GHashTable *shared, GPtrArray *problems)
{
	GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
	g_auto(GStrv) names = g_strsplit(settings_text(settings, "mail", "account"), " ", -1);

	for (char **name = names; *name != NULL; name++) {
		const Account *account = g_hash_table_lookup(own, *name);
		if (account == NULL && shared != NULL)
			account = g_hash_table_lookup(shared, *name);
		if (account == NULL && **name != '\0')
			settings_problem(settings, "mail", "account", problems,
			    "there is no [account %s]; write one here or in sekisho.conf", *name);
		if (account != NULL && !g_ptr_array_find(accounts, account, NULL))
			g_ptr_array_add(accounts, account_ref(account));
	}
	return accounts;
}

const Account *
site_account(const Site *site)
{
	return site->accounts->pdata[0];
}

/* --- What it logs in with ----------------------------------------------------------------------------------------------------- */

gboolean
account_is_token(const char *text)
{
	gsize length = 0;

	while (length <= LIMIT_TOKEN_BYTES && g_ascii_isgraph(text[length]))
		length++;
	return length > 0 && length <= LIMIT_TOKEN_BYTES && text[length] == '\0';
}

char *
account_secret(const Account *account, GError **error)
{
	const gboolean is_token = account->login == ACCOUNT_XOAUTH2;
	const char *file = is_token ? account->token_file : account->password_file;

	if (account->user[0] == '\0' || file[0] == '\0')
		return g_strdup("");
	char *secret = private_file_read_line(file, error);
	if (secret == NULL || !is_token || account_is_token(secret))
		return secret;
	password_free(secret);
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO,
	    "%s holds no token: it must be one word of at most %u ASCII characters, without \"Bearer\" before it", file,
	    LIMIT_TOKEN_BYTES);
	return NULL;
}

void
password_free(char *password)
{
	if (password == NULL)
		return;
	explicit_bzero(password, strlen(password));
	g_free(password);
}

/* --- What only `sekisho check` looks at ----------------------------------------------------------------------------------------- */

static void
check_secret(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	const char *key = account->login == ACCOUNT_XOAUTH2 ? "token_file" : "password_file";
	char *secret = account_secret(account, &error);

	if (error != NULL)
		settings_problem(settings, group, key, problems, "%s", error->message);
	password_free(secret);
}

/* Another protocol than the port's usual one is waited for in vain: who encrypts from the first byte and who greets first in clear wait for each other (RFC 8314 3.3). */
static void
warn_of_port(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	if (account->port == 465 && account->security == ACCOUNT_STARTTLS)
		settings_warning(settings, group, "port", problems,
		    "servers encrypt from the first byte on port 465; write security = tls, or port = 587");
	if ((account->port == 587 || account->port == 25) && account->security == ACCOUNT_TLS)
		settings_warning(settings, group, "port", problems,
		    "servers begin in clear on port %u; write security = starttls, or port = 465", (guint)account->port);
}

void
account_check(const Account *account, const Settings *settings, GPtrArray *problems)
{
	g_autofree char *group = g_strconcat("account ", account->name, NULL);
	g_autofree char *wrong = account->token_command[0] != '\0' ? program_problem(account->token_command) : NULL;

	check_secret(account, settings, group, problems);
	if (wrong != NULL)
		settings_problem(settings, group, "token_command", problems, "%s", wrong);
	if (account->ca_file[0] != '\0' &&
	    (!g_file_test(account->ca_file, G_FILE_TEST_IS_REGULAR) || access(account->ca_file, R_OK) != 0))
		settings_problem(settings, group, "ca_file", problems,
		    "%s cannot be read; write the path of a file with certificates in PEM", account->ca_file);
	warn_of_port(account, settings, group, problems);
}

/* --- Names -------------------------------------------------------------------------------------------------------------------- */

char *
account_key(const Account *account)
{
	return g_strdup_printf("%s %s:%u", account->user, account->host, (guint)account->port);
}

char *
account_tagged_key(const Account *account, const Site *site)
{
	g_autofree char *key = account_key(account);

	return g_strdup_printf("%s %s %s", key, site->facts->bounce_address, site->reply->bounce_delimiter);
}

char *
account_identity(const Account *account)
{
	return g_strdup_printf("%s\n%u\n%d\n%d\n%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%u\n%u/%" G_GINT64_FORMAT "/%u", account->host,
	    (guint)account->port, (int)account->security, (int)account->transport, (int)account->login, account->user,
	    account->password_file, account->token_file, account->token_command, account->ca_file, account->pins, account->hello,
	    account->connections, account->rate.count, account->rate.period_us, account->rate.burst);
}
