/*
 * SMTP accounts: what [account NAME] says becomes an Account. The password is not read here but only when a session needs it
 * (account_password), and by `sekisho check`.
 */
#include "account.h"

#include <string.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/private_file.h"

static void
account_clear(gpointer data)
{
	Account *account = data;
	g_free(account->name);
	g_free(account->host);
	g_free(account->user);
	g_free(account->password_file);
	g_free(account->ca_file);
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

static gboolean
is_loopback(const char *host)
{
	return strcmp(host, "127.0.0.1") == 0 || g_ascii_strcasecmp(host, "localhost") == 0;
}

/* Rules between two keys. */
static void
check_keys(const Account *account, const Settings *settings, const char *group, GPtrArray *problems)
{
	if (account->security == ACCOUNT_PLAIN_LOOPBACK && account->host[0] != '\0' && !is_loopback(account->host))
		settings_problem(settings, group, "security", problems,
		    "plain-loopback would send mail and password in clear over the network; write starttls, or host = 127.0.0.1 "
		    "or localhost");
	if (account->user[0] != '\0' && account->password_file[0] == '\0')
		settings_problem(settings, group, "user", problems, "has no password; write password_file = PATH too");
	if (account->user[0] == '\0' && account->password_file[0] != '\0')
		settings_problem(settings, group, "password_file", problems, "has no user; write user = NAME too");
}

static Account *
account_read(const Settings *settings, const char *group, GPtrArray *problems)
{
	Account *account = g_atomic_rc_box_new0(Account);
	account->name = g_strdup(group + strlen("account "));
	account->host = g_strdup(settings_text(settings, group, "host"));
	account->port = (guint16)settings_number(settings, group, "port");
	account->security = settings_number(settings, group, "security") == 0 ? ACCOUNT_STARTTLS : ACCOUNT_PLAIN_LOOPBACK;
	account->user = g_strdup(settings_text(settings, group, "user"));
	account->password_file = settings_path(settings, group, "password_file");
	account->ca_file = settings_path(settings, group, "ca_file");
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

char *
account_password(const Account *account, GError **error)
{
	return account->user[0] == '\0' ? g_strdup("") : private_file_read_line(account->password_file, error);
}

void
password_free(char *password)
{
	if (password == NULL)
		return;
	explicit_bzero(password, strlen(password));
	g_free(password);
}

void
account_check(const Account *account, const Settings *settings, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *group = g_strconcat("account ", account->name, NULL);
	char *password = account->password_file[0] == '\0' ? g_strdup("?") : account_password(account, &error);
	if (error != NULL)
		settings_problem(settings, group, "password_file", problems, "%s", error->message);
	password_free(password);
	if (account->ca_file[0] != '\0' &&
	    (!g_file_test(account->ca_file, G_FILE_TEST_IS_REGULAR) || access(account->ca_file, R_OK) != 0))
		settings_problem(settings, group, "ca_file", problems,
		    "%s cannot be read; write the path of a file with certificates in PEM", account->ca_file);
}

char *
account_key(const Account *account)
{
	return g_strdup_printf("%s %s:%u", account->user, account->host, (guint)account->port);
}

char *
account_identity(const Account *account)
{
	return g_strdup_printf("%s\n%u\n%d\n%s\n%s\n%s\n%s", account->host, (guint)account->port, (int)account->security,
	    account->user, account->password_file, account->ca_file, account->hello);
}
