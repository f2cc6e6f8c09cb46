/*
 * Every ceiling of the gateway on one page, each with its reason. Nothing that a stranger can grow (a buffer, a list, a
 * queue, a wait) exists without a line here. Sizes are bytes (unsigned long, as gsize is), times are
 * milliseconds unless the name says otherwise.
 */
#pragma once

/* --- What a request may bring ------------------------------------------------------------------------------- */

/* Whole body. A stock PHP site accepts 8 MiB (post_max_size); attachments of a mail end at 25 MiB (contract 6.8), and
 * base64 makes of 25 MiB what most mail servers just take. */
#define LIMIT_BODY_BYTES (32ul * 1024u * 1024u)
/* Body of a form without files: far above 1,000 fields of 2,000 characters that a person fills in. */
#define LIMIT_FIELDS_BYTES (1024ul * 1024u)
/* One field's value. A textarea ends at 2,000 characters by default; owners may raise that. */
#define LIMIT_FIELD_BYTES (256ul * 1024u)
/* Fields: PHP's max_input_vars (contract 3.2). Past it we refuse instead of dropping silently. */
#define LIMIT_FIELDS 1000u
/* Files: PHP's max_file_uploads (contract 3.2). */
#define LIMIT_FILES 20u
/* Parts of a multipart body: fields plus files. */
#define LIMIT_PARTS (LIMIT_FIELDS + LIMIT_FILES)
/* Header block of one part: name and file name of 255 characters, four-byte UTF-8, percent-escaped, fit well. */
#define LIMIT_PART_HEADER_BYTES 4096u
/* Length of a field's name, and depth of a[b][c]: PHP's max_input_nesting_level is 64; no form tag makes more than 1. */
#define LIMIT_FIELD_NAME_BYTES 255u
#define LIMIT_FIELD_DEPTH 8u
/* Entries of the map that fields are read into: each field makes one for its first word and one for each pair of brackets. */
#define LIMIT_FIELD_ENTRIES (LIMIT_FIELDS * (LIMIT_FIELD_DEPTH + 1u))
/* Sealed content of one submission that is opened: names and values (LIMIT_FIELDS_BYTES), shaped fields once more, and as much again for what
 * pipes put in the place of choices and for the records of LIMIT_FILES files. A row of more was not written by us. */
#define LIMIT_STORED_CONTENT_BYTES (4ul * LIMIT_FIELDS_BYTES)
/* Boundary of a multipart body: RFC 2046 section 5.1.1 says 70; PHP takes what its buffer of 5 KiB holds. */
#define LIMIT_BOUNDARY_BYTES 5116u
/* FastCGI params of one request, names and values: nginx's default large_client_header_buffers are 4 x 8 KiB. */
#define LIMIT_PARAMS 200u
#define LIMIT_PARAMS_BYTES (64ul * 1024u)
/* What is kept of a client's User-Agent and of the page's address. */
#define LIMIT_USER_AGENT_BYTES 1024u
#define LIMIT_URL_BYTES 2048u
/* A unit tag (contract 1.5) is about 30 characters; it is repeated in an answer once for each invalid field. */
#define LIMIT_UNIT_TAG_BYTES 255u
/* The token of `sekisho canary`: as text, a token with the largest payload has 280 bytes (base/vault.h). */
#define LIMIT_CANARY_BYTES 512u
/* Bytes drained after a refusal so that the web server's connection stays usable; past it the connection is closed. */
#define LIMIT_DRAIN_BYTES (1024ul * 1024u)

/* --- Threads, queues, waits of the front ---------------------------------------------------------------------- */

/* Jobs that may exist at once; the next connection is closed and the web server answers for us (1.3, 2.3). */
#define LIMIT_JOBS 512u
/* Connections held open (nginx keepalive pools included). */
#define LIMIT_CONNECTIONS 1024u
/* A peer that stalls inside a request loses its connection after this. */
#define LIMIT_PEER_MS 10000u
/* A whole request, from its first byte to the last of its body. The shipped settings of nginx and lighttpd collect an upload before they
 * hand it on, and then 32 MiB take milliseconds; Apache hands on what comes, so there a slow visitor has until this. */
#define LIMIT_REQUEST_MS 60000u
/* A request waits in its socket, and costs no worker, until it is whole or as large as this: far above a form without files, and below the quarter
 * of its buffer (about 48 KiB) at which a sender that polls, as Apache does, waits for us. */
#define LIMIT_GATHER_BYTES (32ul * 1024u)
/* A half-sent body that has not grown for this long may be waiting for us, because its sender's buffer is full. */
#define LIMIT_STALL_MS 1000u
/* Workers that may wait for the rest of a large or stalled body at once: of two workers or more, one is always free for whole requests. */
#define LIMIT_STREAMS(workers) ((workers) > 1u ? (workers) - 1u : 1u)
/* Submissions waiting for one commit; each is one row and its sealed content in memory. */
#define LIMIT_JOURNAL_QUEUE LIMIT_JOBS
/* After SIGTERM or a reload the front finishes what it has; then it goes, whatever is left. */
#define LIMIT_DRAIN_MS 30000u
/* Meanwhile a connection that a web server keeps open without a request stays open this long, because FastCGI cannot announce a close and
 * a request just then on its way would be lost; a busy site uses each of its connections within that time, and each use ends it. */
#define LIMIT_IDLE_GRACE_MS 5000u

/* --- Forms and sites -------------------------------------------------------------------------------------------- */

/* A template file: a form or mail of more than this is a mistake. */
#define LIMIT_TEMPLATE_BYTES (256ul * 1024u)
#define LIMIT_CONFIG_FILE_BYTES (256ul * 1024u)
/* A list of disallowed words: the long ones that are passed around among WordPress sites have a megabyte. */
#define LIMIT_WORDS_FILE_BYTES (2ul * 1024u * 1024u)
/* A private file: passwords, tokens and keys are short. */
#define LIMIT_PRIVATE_FILE_BYTES (64ul * 1024u)
/* Form-tags in one form, and rules compiled from them. */
#define LIMIT_FORM_TAGS 500u
/* Rules within rules (all, any) of a schema document; Contact Form 7 itself makes none. */
#define LIMIT_RULE_DEPTH 8u
/* A date expression in an option: "last day of february 2027 midnight" and the like are 40. */
#define LIMIT_DATE_EXPRESSION_BYTES 255u
/* Sites kept loaded at once; the least recently used one goes first. A site with one form is about 20 KiB. */
#define LIMIT_SITES_LOADED 512u
#define LIMIT_FORMS_PER_SITE 1000u
/* Posts that [_post_...] may speak of, and their file: every page of a large site, about 300 bytes each, which front and courier hold in memory. */
#define LIMIT_POSTS_PER_SITE 2000u
#define LIMIT_POSTS_FILE_BYTES (2ul * 1024u * 1024u)
/* A site or form whose files are wrong is read again only after this, so that a flood does not read the disk, and soon enough for the
 * operator who mends it. */
#define LIMIT_BROKEN_RETRY_MS 5000u

/* --- Import ------------------------------------------------------------------------------------------------------------ */

/* An export of WordPress. It is read as a stream, so this is about time: some seconds; a site with more posts exports its forms alone. */
#define LIMIT_IMPORT_BYTES (256ul * 1024u * 1024u)
/* One text of it that is kept: a mail, serialised, has two templates of LIMIT_TEMPLATE_BYTES and little else. */
#define LIMIT_IMPORT_TEXT_BYTES (1024ul * 1024u)
/* Nesting of XML (an export has 5) and of serialised PHP (a mail has 1, with what other plugins put there). */
#define LIMIT_IMPORT_DEPTH 16u
/* Values in one serialised text: a mail has 9, the messages are 23 and those of other plugins. */
#define LIMIT_IMPORT_VALUES 10000u
/* How often a text may have been serialised over again: each careless move of a site adds one. */
#define LIMIT_IMPORT_WRAPPINGS 4u
/* Posts and pages; more of them is no site that anybody moves in one file. */
#define LIMIT_IMPORT_POSTS 100000u
/* What is remarked of one form, and how much of a name or title is repeated: beyond it nobody reads. */
#define LIMIT_IMPORT_REMARKS 50u
#define LIMIT_IMPORT_SHOWN_BYTES 60u
/* JSON from outside: the forms of one site with everything that WordPress tells about each. Both bound what its tree takes in memory. */
#define LIMIT_JSON_BYTES (8ul * 1024u * 1024u)
#define LIMIT_JSON_VALUES 500000u
/* Nesting: pipes of a tag of a form in a list are 8 deep. */
#define LIMIT_JSON_DEPTH 16u

/* --- Commands ------------------------------------------------------------------------------------------------------ */

/* Rows that one command lists: beyond it nobody reads, and each row of `sekisho queue` opens a submission. */
#define LIMIT_LIST_ROWS 10000u

/* --- Answers ------------------------------------------------------------------------------------------------------- */

/* Messages under the fields of one answer, all together, and its own message: each may repeat what a visitor typed, in each of LIMIT_FORM_TAGS fields.
 * All standard messages of such a form are 25 KiB. */
#define LIMIT_ANSWER_MESSAGES_BYTES (256ul * 1024u)

/* --- Mail ---------------------------------------------------------------------------------------------------------- */

/* RFC 5321 4.5.3.1: local part 64, domain 255, path 256 with its brackets. */
#define LIMIT_ADDRESS_BYTES 254u
#define LIMIT_LOCAL_PART_BYTES 64u
/* Tag of a reply's bounce address, which shares a local part with the mailbox: receipt (12), kind (1) and what vault_tag adds (17). */
#define LIMIT_REPLY_TAG_BYTES 30u
#define LIMIT_DOMAIN_BYTES 253u
/* An address in Reply-To: the rule for e-mail has no limit (contract 5.5), but a line has: quotes, brackets and some room are left of it. */
#define LIMIT_REPLY_ADDRESS_BYTES 900u
/* Recipients of one mail. An owner's list; more than this is a mailing list and belongs to the mail server. */
#define LIMIT_RECIPIENTS 50u
/* RFC 5322 2.1.1: a line has at most 998 bytes without CR LF. */
#define LIMIT_MAIL_LINE_BYTES 998u
/* Text of a mail after mail-tags were replaced: one tag can be repeated, so this bounds the product. */
#define LIMIT_MAIL_TEXT_BYTES (4ul * 1024u * 1024u)
/* Elements in one another in an HTML mail. People nest tables ten deep; the formatter looks through the open ones at each tag, and indents by them. */
#define LIMIT_HTML_DEPTH 100u
/* Attachments of one mail in bytes before base64 (contract 6.8), and their number: the files of a request and as many of the site's own. */
#define LIMIT_ATTACHMENTS_BYTES (25ul * 1024u * 1024u)
#define LIMIT_ATTACHMENTS (2ul * LIMIT_FILES)
/* One header's value before it is encoded; of a list of mailboxes, their names together. 2,000 characters of Japanese, all that a textarea takes by itself
 * (contract 0.3), have 6,000 bytes. Encoded it grows to three times as much and some, and with LIMIT_RECIPIENTS of the longest addresses it stays
 * under the 100 KiB at which Postfix cuts a header field (header_size_limit). */
#define LIMIT_MAIL_HEADER_BYTES 6144u
/* Lines that a template may add to the header. */
#define LIMIT_MAIL_HEADERS 30u

/* --- Courier ------------------------------------------------------------------------------------------------------- */

/* Sessions (processes) at once, and mails in one session. */
#define LIMIT_SESSIONS 8u
#define LIMIT_SESSION_MAILS 50u
/* A session's whole life: connect, TLS, AUTH and every mail in it; then it is killed and its leases end. */
#define LIMIT_SESSION_MS 300000u
#define LIMIT_SESSION_CONNECT_MS 30000u
/* A lease outlives its session, so that no mail is in two sessions at once. */
#define LIMIT_LEASE_MS (LIMIT_SESSION_MS + 60000u)
/* A lease is in its session within this time, or it is given back: what is left of it must cover the session's life. */
#define LIMIT_LEASE_WAIT_MS (LIMIT_LEASE_MS - LIMIT_SESSION_MS - 10000u)
/* Leased mails that wait in the courier's memory for a session, in all and of one account: two sessions' worth, so that an account
 * with a full queue cannot crowd out the others. */
#define LIMIT_COURIER_ITEMS 1000u
#define LIMIT_ACCOUNT_ITEMS (2u * LIMIT_SESSION_MAILS)
/* After SIGTERM running sessions get this long; a mail takes about a second. */
#define LIMIT_COURIER_STOP_MS 8000u
/* The courier looks into the database at least this often, should a wake-up be lost or a person order a retry. */
#define LIMIT_COURIER_IDLE_MS 5000u
/* A mail that is due later than this was put off while the clock ran ahead, and is due now: the longest delay is 72 minutes, and two
 * hours are slack. */
#define LIMIT_DUE_AHEAD_MS ((72u + 120u) * 60000u)
/* Deliveries that one statement puts off because their form is broken, and due ones among which it looks: a few milliseconds. */
#define LIMIT_PUT_OFF_ROWS 500u
#define LIMIT_PUT_OFF_SCAN_ROWS 2000u
/* Broken forms that the courier remembers; past it it forgets them all and gives their alarms again. */
#define LIMIT_OBSTACLES 1000u
/* Lines of one delivery's story: five days of tries are about 130. */
#define LIMIT_DELIVERY_EVENTS 200u
/* A token of XOAUTH2: those of large services have up to 2,500 bytes. */
#define LIMIT_TOKEN_BYTES 16384u
/* What the operator's program may take for it: a renewal over the network, and less than LIMIT_SESSION_CONNECT_MS. */
#define LIMIT_TOKEN_COMMAND_MS 15000u
/* How long a server may take to say goodbye: nothing depends on it. */
#define LIMIT_QUIT_S 5u
/* A bounce: the report, and often the whole mail behind it with its files. */
#define LIMIT_BOUNCE_BYTES (40ul * 1024u * 1024u)
/* What of it is kept and read: reports stand before the mail that they give back, and have some 10 KiB. One that consists of nothing but MIME parts takes GMime some tenths of a second for so much. */
#define LIMIT_BOUNCE_READ_BYTES (256ul * 1024u)
/* What reading one may take, in a process of its own: it takes milliseconds. */
#define LIMIT_BOUNCE_READ_MS 10000u
/* Bounces that one run takes out of a Maildir, each held in memory with some 2 KiB; the next run goes on. */
#define LIMIT_BOUNCES 1000u
/* Names in a Maildir that one run looks at. */
#define LIMIT_MAILDIR_NAMES 100000u
/* So many within an hour are a surge, if they are three times what is usual: a small site has a few a day. */
#define LIMIT_BOUNCE_SURGE 20u
/* Messages in one digest, all texts together: fifty of the usual size, and a mail that any server takes and any program opens at once. */
#define LIMIT_DIGEST_BYTES (256ul * 1024u)
/* Sites, and forms beyond their site's ceiling, whose mails of this hour the courier counts; past it all counts begin anew. */
#define LIMIT_NOTICE_COUNTS 10000u
/* Pressed links that are looked at before each claim: each opens a submission. */
#define LIMIT_PRESSES 50u
/* Confirmations that one mailbox gets within 24 hours from all sites of the gateway: a person may write to some of them on one day, and a stranger
 * who types an address into each of hundreds of forms must not flood it. */
#define LIMIT_CONFIRMATIONS_PER_MAILBOX 3u
/* Alarms among which each channel looks for its next one; a site has few topics, and one that was told is not among them. */
#define LIMIT_ALARMS 100u
/* An alarm's text: a screen of it, and below what a pipe holds (64 KiB), so that it is written at once. */
#define LIMIT_ALARM_TEXT_BYTES 4096u
/* The operator's alarm_command: it sends a message somewhere, and is killed after this. */
#define LIMIT_ALARM_COMMAND_MS 30000u
/* Rows that one purge removes: a few milliseconds of the write lock. */
#define LIMIT_PURGE_ROWS 200u
/* Message between courier and session. */
#define LIMIT_SESSION_MESSAGE_BYTES (64ul * 1024u * 1024u)
/* A server's words that are kept: RFC 5321 4.5.3.1.5 gives a reply line 512 bytes. */
#define LIMIT_SERVER_TEXT_BYTES 512u

/* --- Doctor -------------------------------------------------------------------------------------------------------- */

/* One probe of a server, name and TLS included: a person waits for it, and a visitor would not wait longer. */
#define LIMIT_PROBE_MS 20000u
/* What is kept of a page that answered a probe: enough to see who made it. */
#define LIMIT_PROBE_BODY_BYTES (64ul * 1024u)

/* --- DNS ----------------------------------------------------------------------------------------------------------- */

/* What is asked at once is answered within this, or unknown: three servers that are silent have each had their turn by then. One try of one server before the next. */
#define LIMIT_DNS_ASK_MS 5000u
#define LIMIT_DNS_TRY_MS 1500u
#define LIMIT_DNS_TRIES 2u
/* Questions at once: a few for each selector, mail server or address. */
#define LIMIT_DNS_QUESTIONS 64u
/* Records of one answer; a name with more is none that mail depends on. Its message ends at 64 KiB by itself. */
#define LIMIT_DNS_RECORDS 200u
/* Aliases (CNAME) in a row; resolvers give up at about as many. */
#define LIMIT_DNS_ALIASES 8u
/* What an answer over UDP may have, so that it is not cut into fragments; what is longer comes by TCP. */
#define LIMIT_DNS_UDP_BYTES 1232
/* How much of a record is repeated to a person. */
#define LIMIT_DNS_SHOWN_BYTES 600u
/* Terms of an SPF evaluation that ask the DNS, those whose answer is empty, and hosts of one mx term: RFC 7208 section 4.6.4. */
#define LIMIT_SPF_LOOKUPS 10u
#define LIMIT_SPF_VOID_LOOKUPS 2u
#define LIMIT_SPF_HOSTS 10u
/* Addresses of a relay that are examined, and mail servers of a domain: each costs questions, and the first ones are those that count. */
#define LIMIT_SENDER_ADDRESSES 8u
#define LIMIT_SENDER_SERVERS 5u

/* --- The gate ------------------------------------------------------------------------------------------------------ */

/* What one submission is said to have, and how long one sentence of it is: a screen. */
#define LIMIT_FINDINGS 64u
#define LIMIT_FINDING_BYTES 400u
/* Counters that one submission is charged to: each tier once, and a few sender addresses. */
#define LIMIT_CHARGES 16u
/* Submissions decided in one transaction: some milliseconds, so that other processes get their turn. */
#define LIMIT_ADMISSION_BATCH 64u
/* After counters.db could not be used nobody waits for it again so soon. */
#define LIMIT_ADMISSION_REST_MS 1000u
/* A visitor waits for a writer of counters.db at most so long; a transaction of ours takes some milliseconds. */
#define LIMIT_COUNTERS_BUSY_MS 1000u
/* Counters that are known to deny; past it all are forgotten, and the file is asked again. Each is about 100 bytes. */
#define LIMIT_DENIALS 10000u
/* Entries of lists whose hits wait to be written; they wait two seconds. */
#define LIMIT_HITS 10000u
/* Counted with one transaction: a few milliseconds, in which nobody is admitted. */
#define LIMIT_HITS_BATCH 500u
/* How long the hits of an entry that nothing meets any more are kept: a year and some, so that what comes once a year is still known. */
#define LIMIT_HIT_AGE_US (400 * G_TIME_SPAN_DAY)
/* Counters that one purge looks through, which lie beside each other: some milliseconds of the write lock of counters.db. Each submission makes up to seven. */
#define LIMIT_PURGE_COUNTERS 20000u
/* Addresses of email fields that rates and the DNS are asked for; a form has one or two. Who gives more is held. */
#define LIMIT_SENDERS 4u
/* Addresses of email fields that are looked up in the lists, some microseconds each; who gives more is held. */
#define LIMIT_SENDER_LOOKS 64u
/* Matches of lists that one submission is told to have. */
#define LIMIT_LIST_MATCHES 32u
/* Entries written in one transaction, about 4 ms of processor time and 13 ms with a slow disk; and how long an expired one is still shown by `sekisho list`. */
#define LIMIT_LIST_BATCH 1000u
#define LIMIT_LIST_EXPIRED_US (90 * G_TIME_SPAN_DAY)
/* Points of one entry that notes: far above every threshold. How long an entry may be given at once: ten years are for ever. */
#define LIMIT_LIST_POINTS 100u
#define LIMIT_LIST_DURATION_US (3650 * G_TIME_SPAN_DAY)
/* A file of entries: a million lines with their reasons have 100 MiB. Lines that cannot be read, of which so many are shown: a screen of them. */
#define LIMIT_LIST_IMPORT_BYTES (256ul * 1024u * 1024u)
#define LIMIT_LIST_PROBLEMS 20u
/* Other submissions of the same sender that `sekisho why` names, of each kind; it counts them all. */
#define LIMIT_RELATED_ROWS 5u
/* Submissions that a rehearsal looks through: some minutes, and what a busy site keeps. */
#define LIMIT_REHEARSED 100000u
/* Entries that are held in memory, at about 60 bytes each: a few times the largest public lists of networks. Further ones decide nothing. */
#define LIMIT_LIST_ENTRIES 4000000u
/* One value: a user agent in full (LIMIT_USER_AGENT_BYTES) is the longest that makes sense. */
#define LIMIT_LIST_VALUE_BYTES 1024u
/* Entries that are read at once: a long reader would keep the write-ahead log from being emptied. */
#define LIMIT_LIST_PAGE 5000u
/* Different hosts of links that are looked up for one submission: an enquiry has a few, and some are read in two ways. It is held if there are more. */
#define LIMIT_LINK_HOSTS 128u
/* Different words with a dot in it that are looked at for links, some microseconds each. Beyond them a text counts as having too many links. */
#define LIMIT_LINK_LOOKS 1000u
/* A host in Unicode: each of its letters has at most four bytes. */
#define LIMIT_HOST_SPELLING_BYTES 1012
/* The owner of a site is told at most once within this time that something is held, and one note names so many: a screen. */
#define LIMIT_HELD_NOTE_US G_TIME_SPAN_HOUR
#define LIMIT_HELD_NOTE_ROWS 20u
/* Keys of repetitions that one purge forgets: some milliseconds of the write lock, and more a minute than the front commits. */
#define LIMIT_PURGE_REPETITIONS 5000u
/* A captcha's token: the longest of the services' are about 2 KiB (Turnstile's documentation) to 4 KiB; and an answer. */
#define LIMIT_CAPTCHA_TOKEN_BYTES 8192u
#define LIMIT_CAPTCHA_ANSWER_BYTES (64ul * 1024u)
/* A visitor waits for a captcha's service at most so long, and for the DNS. */
#define LIMIT_CAPTCHA_MS 5000u
/* To connect to it, so that a second try fits into that time. */
#define LIMIT_CAPTCHA_CONNECT_MS 2000u
/* Connections to the services at once. They take a hundred questions each over HTTP/2; where only HTTP/1.1 is spoken, every question needs one; and those kept for the next visitor. */
#define LIMIT_CAPTCHA_CONNECTIONS 256u
#define LIMIT_CAPTCHA_IDLE_CONNECTIONS 16u
/* Failures in a row after which an endpoint is left alone, for how long, and endpoints whose failures are remembered: sites share a handful. */
#define LIMIT_CAPTCHA_FAILURES 5u
#define LIMIT_CAPTCHA_REST_MS 10000u
#define LIMIT_CAPTCHA_ENDPOINTS 64u
#define LIMIT_RESOLVER_MS 1500u
/* How long a visitor may work on a form before an ALTCHA challenge is too old. */
#define LIMIT_ALTCHA_MS (30u * 60000u)
/* Rounds of an ALTCHA key's derivation: whoever has one challenge makes us derive one key for each payload, two or three microseconds a round. Beyond it a challenge asks for
 * more keys instead of dearer ones. */
#define LIMIT_ALTCHA_ROUNDS 1000u
/* Accepted submissions of a site from which the trap learns whether it is of use. */
#define LIMIT_TRAP_SAMPLE 20u
/* Sites of which it remembers that; past it it begins anew. */
#define LIMIT_TRAP_SITES 10000u
/* Links of one submission that are looked at; it is held long before. */
#define LIMIT_LINKS 100u
/* Domains whose mail exchangers are remembered, about 100 bytes each; past it they are forgotten. What takes mail goes on to, what does not may be mended within minutes, and who is
 * silent is asked again soon. */
#define LIMIT_RESOLVER_DOMAINS 10000u
#define LIMIT_RESOLVER_GOOD_MS (3600u * 1000u)
#define LIMIT_RESOLVER_BAD_MS (300u * 1000u)
#define LIMIT_RESOLVER_SILENT_MS (10u * 1000u)
/* Salts that fingerprints are made with: the newest, the one before it, and older ones that lists name. */
#define LIMIT_SALTS 16u
/* Proxies that a request passed: a visitor's line, a company's, a content delivery network, a balancer. */
#define LIMIT_PROXIES 16u
/* Submissions from one address alone, since the start, that make it look like a proxy's. */
#define LIMIT_ONE_ADDRESS 50u
/* Held submissions whose captcha is asked for again; each has some KiB. A service that is down for a minute holds so many of a busy site. */
#define LIMIT_RECHECKS 500u

/* --- Log ----------------------------------------------------------------------------------------------------------- */

/* One value of a log line, escapes included: a dozen of them stay far below the 48 KiB at which the journal splits a line. */
#define LIMIT_LOG_VALUE_BYTES 512u

/* --- Store ----------------------------------------------------------------------------------------------------------- */

/* How long a writer waits for another one; no transaction of ours lasts longer than 20 ms. */
#define LIMIT_STORE_BUSY_MS 5000u
/* Submissions and their sealed bytes in one commit, so that it ends within 20 ms and others get their turn. */
#define LIMIT_JOURNAL_BATCH 64u
#define LIMIT_JOURNAL_BATCH_BYTES (1024ul * 1024u)
/* A file of an upload that no submission names is removed when it is so old. A request lasts a minute; a clock that was set from local
 * time instead of UTC is half a day off until it is put right, and must not make a file that is being written look old. Nobody has the
 * key of such a file, so it costs room and no secret. */
#define LIMIT_SPOOL_ORPHAN_S (24l * 3600)
/* Files that one sweep removes: some milliseconds of the courier's time. */
#define LIMIT_SPOOL_REMOVED 200u
/* The write-ahead log is cut back to this after it was copied into the database (SQLite does that every 4 MiB; of counters.db, when it has this size). */
#define LIMIT_STORE_LOG_BYTES (8ul * 1024u * 1024u)

/* --- The owner's desk ------------------------------------------------------------------------------------------------- */

/* How long a review link works: two weeks of holidays. */
#define LIMIT_REVIEW_US (14 * G_TIME_SPAN_DAY)
/* Kinds of things that wait to be counted for the report; each has about 100 bytes. */
#define LIMIT_TALLY_PENDING 20000u
/* Rows of counters.db that count them: about 60 bytes each. */
#define LIMIT_TALLY_ROWS 5000000u
/* Rows of who was limited: about 200 bytes each. A crowd that is larger needs no names. */
#define LIMIT_LIMITED_ROWS 100000u
/* How long they are kept: two weeks to compare, and a day because a report is made after its period. */
#define LIMIT_TALLY_US (16 * G_TIME_SPAN_DAY)
/* Images within a mail of ours, and their size: a report has two of some ten KiB. */
#define LIMIT_MAIL_IMAGES 4u
#define LIMIT_MAIL_IMAGES_BYTES (1024ul * 1024u)
/* How long it is known which reports were sent: a run looks back to the last week, and the newest ones stay. The courier walks through all of them once an hour. */
#define LIMIT_REPORTS_US (35 * G_TIME_SPAN_DAY)
/* How long it is known who did what. */
#define LIMIT_AUDIT_US (400 * G_TIME_SPAN_DAY)
/* Numbers that a line of it names, of an order that was given for several; of the rest it says how many there are. */
#define LIMIT_AUDIT_NAMED 20u
/* What a report names of each kind; of the rest it says how many there are. */
#define LIMIT_REPORT_ROWS 20u
/* Submissions that a report opens to say why they were stopped, the newest; each costs a tenth of a millisecond. */
#define LIMIT_REPORT_OPENED 2000u
/* Reasons of mails that a report counts apart: each has a handful, but rows may say anything. */
#define LIMIT_FIGURES_ROWS 2000u
/* Hours or days of a report's chart. */
#define LIMIT_REPORT_SPANS 400u
