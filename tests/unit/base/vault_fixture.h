/*
 * A folder of fresh keys and a vault of each role, for the tests of the vault. Set up and torn down by g_test_add.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)
#define TEXT "お名前 = 山田太郎"
#define BOUND "01ABCDEFGHJK|example.test"
/* The 32 bytes 01 02 ... 20. */
#define KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define DATE "created=2026-01-31T12:00:00Z\n"

/* The files of a folder, in the order in which they are made. */
#define KEY_FILES 5u
extern const char *const key_files[KEY_FILES];

typedef struct {
	char *parent, *folder;
	Vault *front, *courier, *admin;
} Fixture;

void set_up(Fixture *fixture, gconstpointer data);
/* Sets the clock right, too. */
void tear_down(Fixture *fixture, gconstpointer data);

/* Key files of the folder; written with mode 0600. The caller's. */
char *file_in(const Fixture *fixture, const char *name);
char *read_file(const Fixture *fixture, const char *name);
void write_file(const Fixture *fixture, const char *name, const char *text);
Vault *open_vault(const Fixture *fixture, VaultRole role);

/* TEXT, bound to BOUND. */
VaultSealed *seal(Vault *vault);
void assert_opens(Vault *vault, const VaultSealed *sealed);
