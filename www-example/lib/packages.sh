# shellcheck shell=bash disable=SC2034,SC2086
# Debian packages for www-example/run and tests/run, which source this file. Three ways in, so that no service of the machine is ever
# replaced or started:
#
#   packages_install NAME...     libraries, compilers and tools: apt-get install of what is missing
#   packages_unpack FOLDER NAME... servers: apt-get download, unpacked into FOLDER/root and run from there, never installed
#   packages_npm FOLDER SOURCE   test tools of npm's: what SOURCE/package-lock.json names, with its hashes, into FOLDER/node_modules
#
# They say what they do only when they do something. They need root only when something is missing.

# What the build needs; what runs the example beside it: Python, openssl for certificates, time zones, and the plain libraries that the servers link.
PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkgconf python3 python3-polib libglib2.0-dev libsodium-dev libjansson-dev libjemalloc-dev libxml2-dev libsqlite3-dev
	libfcgi-dev libesmtp-dev libssl-dev libgmime-3.0-dev libc-ares-dev libpsl-dev libidn2-dev libcurl4-openssl-dev libmaxminddb-dev libcairo2-dev"
PACKAGES_RUN="python3 openssl tzdata libcrypt1 libpcre2-8-0 libssl3 zlib1g libdb5.3 libgnutls-dane0 libgnutls30 libidn12 libidn2-0 libnsl2"
# nginx and Exim; libnss-wrapper gives Exim the account it was built for without adding it to the machine.
PACKAGES_UNPACKED="nginx exim4-daemon-light libnss-wrapper"

# What the tests need beside these: tools, sanitizers, the libraries of Apache, systemd-socket-activate, lighttpd, Postfix and Dovecot.
PACKAGES_TESTS="python3-pytest universal-ctags mandoc groff-base libasan8 libubsan1 libapr1 libaprutil1 libacl1 libip4tc2 libkmod2 libmount1 libpam0g libseccomp2
	libnettle8 libxxhash0 libevent-2.1-7 libicu72 libsasl2-2 libcap2 liblz4-1 libtirpc3 libunwind8"
# A browser, what steers it, and a Japanese font. dbus-x11 is there so that apt does not choose dbus-user-session, which would bring
# D-Bus and systemd as services.
PACKAGES_TESTS="$PACKAGES_TESTS chromium chromium-driver python3-selenium fonts-ipafont-gothic dbus-x11"
# What looks at the code: static analysis, libFuzzer; and what counts covered lines.
PACKAGES_TESTS="$PACKAGES_TESTS clang clang-tidy cppcheck libclang-rt-14-dev"
PACKAGES_COVERAGE="gcovr"
# Apache, lighttpd, and two programs that start a daemon with its socket already open; a DNS server with its libraries; a second mail server,
# who may log in there, and what lets it run without root.
PACKAGES_UNPACKED_TESTS="apache2-bin lighttpd spawn-fcgi systemd libsystemd-shared nsd libfstrm0 libprotobuf-c1
	postfix dovecot-core libuid-wrapper"

packages_fail() {
	echo "$0: $*" >&2
	exit 1
}

packages_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@"
}

packages_missing() {
	local name
	for name in "$@"; do
		if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
			echo "$name"
		fi
	done
}

# packages_try LOG COMMAND...: runs it; if it fails, perhaps because the package lists are missing or old, fetches them and tries again.
packages_try() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return 0
	packages_apt update >"$log" 2>&1 && "$@" >"$log" 2>&1
}

packages_install() {
	local missing log
	missing=$(packages_missing "$@")
	[ -z "$missing" ] && return 0
	[ "$(id -u)" = 0 ] || packages_fail "these Debian packages are missing; run as root, or install them: "$missing
	echo "Installing from Debian's packages:" $missing
	log=$(mktemp)
	if ! packages_try "$log" packages_apt install --no-install-recommends $missing; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		packages_fail "apt-get could not install them"
	fi
	rm -f "$log"
}

packages_download() (
	cd "$1" && shift && packages_apt download "$@"
)

# Unpacks beside the machine what is not there yet; FOLDER/done names what is.
packages_unpack() {
	local folder=$1 name log missing=
	shift
	mkdir -p "$folder/done" "$folder/root"
	for name in "$@"; do
		[ -e "$folder/done/$name" ] || missing="$missing $name"
	done
	[ -z "$missing" ] && return 0
	echo "Unpacking into $folder, not installing:$missing"
	log=$(mktemp)
	rm -rf "$folder/archives"
	mkdir "$folder/archives"
	if ! packages_try "$log" packages_download "$folder/archives" $missing; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		packages_fail "apt-get could not download them"
	fi
	rm -f "$log"
	for name in "$folder"/archives/*.deb; do
		dpkg-deb -x "$name" "$folder/root" || packages_fail "$name cannot be unpacked"
	done
	# Nothing here may run with more rights than its caller has: Exim comes with the setuid bit.
	find "$folder/root" -type f -perm /6000 -exec chmod ug-s {} +
	for name in $missing; do
		touch "$folder/done/$name"
	done
	rm -rf "$folder/archives"
}

packages_npm() {
	local folder=$1 source=$2 log
	cmp -s "$source/package-lock.json" "$folder/package-lock.json" && return 0
	command -v npm >/dev/null || packages_install npm
	echo "Taking from npm what $source/package-lock.json names"
	rm -rf "$folder"
	mkdir -p "$folder/new"
	cp "$source/package.json" "$source/package-lock.json" "$folder/new"
	log=$(mktemp)
	if ! (cd "$folder/new" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		packages_fail "npm could not fetch them"
	fi
	rm -f "$log"
	mv "$folder/new/node_modules" "$folder/new/package-lock.json" "$folder"
	rm -rf "$folder/new"
}
