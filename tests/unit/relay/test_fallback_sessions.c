/*
 * Sessions of an account that end in other ways than with a failure or an answer to each mail, with a second account behind it (fallback_office.h).
 */
#include <poll.h>

#include "fallback_office.h"
#include "sekisho/base/clock.h"

/* A mail that cannot even be written says nothing of the server: its rest goes on growing, and nothing of its rate is used up. */
static void
test_an_outcome_without_a_server_is_no_sign_of_life(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "fails after one that cannot be written", "rate = 3/1h burst 3\n");
	office_submit_many(office, 2);
	office_take_all(office);
	fallback_main_desk(office)->failures = 3;
	fallback_fly(office, fallback_main_desk(office));
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAA000", "dead relay.message");
	office_assert_states(office, "AAAAAAAAA001", "sent");
	g_assert_cmpuint(fallback_main_desk(office)->failures, ==, 4);
	g_assert_cmpuint(allowance_take(&office->courier, fallback_main_desk(office), 9), ==, 3);
}

/* It is the server that lacks it, and the other one may have it. */
static void
test_what_one_server_has_no_smtputf8_for_goes_by_the_next(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "has no smtputf8", "");
	office_submit_many(office, 1);
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.smtputf8");
	clock_set_offset_us(7 * G_TIME_SPAN_MINUTE);
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAA000", "sent");
	fallback_assert_tries(office, 1, "main second 2");
	/* Where none has it, it ends as what is put off does. */
	fallback_set_up(office, "both have no smtputf8", "");
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	clock_set_offset_us(6 * G_TIME_SPAN_DAY);
	g_autoptr(GPtrArray) items = office_claim(office);
	fallback_delivery(items->pdata[0])->attempts = 100;
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	fallback_fly(office, desk_next(&office->courier));
	office_assert_states(office, "BBBBBBBBBBBB", "dead relay.smtputf8");
}

/* Another session of the same account works: its mails need not wait. */
static void
test_a_silent_session_beside_others_is_no_rest(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "ends", "");
	office_submit_many(office, 2);
	office_take_all(office);
	Desk *desk = fallback_main_desk(office);
	desk_note_flight(desk);
	desk_note_answer(desk);
	fallback_fly(office, desk);
	office_assert_states(office, "AAAAAAAAA001", "deferred relay.lost");
	g_assert_cmpint(until_left_us(&desk->rest), <=, 0);
	desk->flights = 0;
}

/* That is our own system's trouble, and puts no mail under suspicion. */
static void
test_a_session_that_cannot_be_started(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "sends", "");
	const CourierSettings *real = office->courier.settings;
	CourierSettings settings = *real;
	settings.program = "/nonexistent/sekishod";
	office->courier.settings = &settings;
	office_submit_many(office, 2);
	fallback_work(office);
	office->courier.settings = real;
	office_assert_states(office, "AAAAAAAAA001", "deferred relay.connect");
	fallback_assert_tries(office, 2, "0");
}

/* We stop before the answer: it may have been sent, and the story says so. */
static void
test_a_session_that_we_end_is_told(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "opens and hangs", "");
	office_submit_many(office, 1);
	office_take_all(office);
	Courier *courier = &office->courier;
	flight_start(courier, fallback_main_desk(office));
	Flight *flight = courier->flights->pdata[0];
	while (fallback_main_desk(office)->flights > 0) {
		struct pollfd descriptors[WORKER_DESCRIPTORS];
		worker_descriptors(flight_worker(flight), descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, 1000);
		if (!courier->is_stopping && (descriptors[0].revents & POLLIN) != 0) {
			g_assert_false(flight_step(courier, flight));
			courier->is_stopping = TRUE;
			flight_kill(flight);
		}
		flight_step(courier, flight);
	}
	g_ptr_array_remove_index(courier->flights, 0);
	office_assert_states(office, "AAAAAAAAA000", "queued");
	fallback_assert_story(office, 1, "tried by main relay.lost");
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"an outcome without a server is no sign of life", test_an_outcome_without_a_server_is_no_sign_of_life},
	    {"what one server has no SMTPUTF8 for goes by the next", test_what_one_server_has_no_smtputf8_for_goes_by_the_next},
	    {"a silent session beside others is no rest", test_a_silent_session_beside_others_is_no_rest},
	    {"a session that cannot be started", test_a_session_that_cannot_be_started},
	    {"a session that we end is told", test_a_session_that_we_end_is_told},
	    {NULL, NULL},
	};

	return fallback_main(argc, argv, "fallback_sessions", tests);
}
