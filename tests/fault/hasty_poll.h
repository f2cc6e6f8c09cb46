/* See hasty_poll.c. */
#pragma once

/* From here on this process waits as briefly as SMTP_TRIAL_HASTE says. */
void hasty_poll_begin(void);
