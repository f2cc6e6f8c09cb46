/*
 * The table of carriers and their mail domains, one row each with its source. Mailboxes that come with a mobile contract and have a carrier's filters count, those of
 * earlier owners and brands, too: they are still in use. Left out are mailboxes without such filters, as those of most resellers (mineo.jp is an ordinary provider's
 * mailbox), and the carriers' addresses for companies and fixed lines.
 *
 * No state.
 */
#include "sekisho/policy/carriers.h"

#include "sekisho/wire/address.h"

static const Carrier docomo = {"docomo", "NTT docomo", "ドコモ"};
static const Carrier au = {"au", "au", "au"};
static const Carrier softbank = {"softbank", "SoftBank", "ソフトバンク"};
static const Carrier ymobile = {"ymobile", "Y!mobile", "ワイモバイル"};
static const Carrier uq = {"uq", "UQ mobile", "UQ mobile"};
static const Carrier rakuten = {"rakuten", "Rakuten Mobile", "楽天モバイル"};

/*
 * Sources:
 *   dekyo    Japan Data Communications Association, the carriers' filters: www.dekyo.or.jp/soudan/contents/taisaku/2-4docomo-details.html
 *   airregi  Recruit AirREGI, "delivery to addresses of mobile carriers": faq.restaurant-board.airregi.jp/hc/ja/articles/360005174434
 *   impress  k-tai Watch on keeping a carrier's address, 2021-12: k-tai.watch.impress.co.jp/docs/news/1375909.html
 *   uq       UQ, "sending mail to our addresses": www.uqwimax.jp/mobile/plan/option/mail/caution/
 *   rakuten  Rakuten Mobile's own list of services, "Rakumail", service/rakumail/ on its site
 *   lists    mail address checks of several public programs agree; nothing of the carrier's own was found
 */
static const struct {
	const char *domain; /* and all below it */
	const Carrier *carrier;
} domains[] = {
    {"docomo.ne.jp", &docomo},     /* dekyo */
    {"mopera.net", &docomo},       /* dekyo: mopera U */
    {"au.com", &au},               /* airregi, impress; biz.au.com too */
    {"ezweb.ne.jp", &au},          /* airregi, impress; biz.ezweb.ne.jp and a region's own too */
    {"ido.ne.jp", &au},            /* airregi: au before 2000 */
    {"sky.tkk.ne.jp", &au},        /* airregi: TU-KA, likewise the next three */
    {"sky.tkc.ne.jp", &au},        /* airregi */
    {"sky.tu-ka.ne.jp", &au},      /* airregi */
    {"sky.dtg.ne.jp", &au},        /* airregi */
    {"softbank.ne.jp", &softbank}, /* airregi, impress */
    {"i.softbank.jp", &softbank},  /* impress: the mailbox of iPhones */
    {"vodafone.ne.jp", &softbank}, /* airregi: d. h. t. c. k. r. n. s. q. below it, one a region */
    {"disney.ne.jp", &softbank},   /* airregi: Disney Mobile */
    {"jp-c.ne.jp", &softbank},     /* airregi: J-PHONE, one a region, likewise the next eight */
    {"jp-d.ne.jp", &softbank}, {"jp-h.ne.jp", &softbank}, {"jp-k.ne.jp", &softbank}, {"jp-n.ne.jp", &softbank},
    {"jp-q.ne.jp", &softbank}, {"jp-r.ne.jp", &softbank}, {"jp-s.ne.jp", &softbank}, {"jp-t.ne.jp", &softbank},
    {"ymobile.ne.jp", &ymobile},   /* impress */
    {"yahoo.ne.jp", &ymobile},     /* lists: Y!mobile mail; Yahoo! JAPAN's free mail is yahoo.co.jp */
    {"y-mobile.ne.jp", &ymobile},  /* lists */
    {"ymobile1.ne.jp", &ymobile},  /* lists */
    {"emnet.ne.jp", &ymobile},     /* airregi: EMOBILE */
    {"emobile.ne.jp", &ymobile},   /* lists: EMOBILE */
    {"emobile-s.ne.jp", &ymobile}, /* lists: EMOBILE */
    {"willcom.com", &ymobile},     /* airregi: WILLCOM */
    {"pdx.ne.jp", &ymobile},       /* airregi: WILLCOM; di. and others below it */
    {"wcm.ne.jp", &ymobile},       /* lists: WILLCOM */
    {"uqmobile.jp", &uq},          /* uq */
    {"rakumail.jp", &rakuten},     /* rakuten */
    {"rakuten.jp", &rakuten},      /* lists: Rakuten Mobile's mailbox before it */
};

const Carrier *
carrier_of(const char *address)
{
	for (gsize i = 0; i < G_N_ELEMENTS(domains); i++) {
		if (address_is_within(address, domains[i].domain))
			return domains[i].carrier;
	}
	return NULL;
}
