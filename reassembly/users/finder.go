package users

import (
	"encoding/binary"
	"hash/maphash"
	"log/slog"

	"gor/reassembly/http1"
)

// A Source is what a user is known by.
type Source uint8

// The sources, in the order in which they are looked for.
const (
	ByCookie        Source = iota // a session cookie
	ByHeader                      // the header that the Rule names
	ByAuthorization               // credentials
	ByForwarded                   // the client's address as a proxy says it
	ByAddress                     // the client's address
	ByConnection                  // nothing but the connection, as the Rule says
	ByName                        // somebody has found out before, and written it down
	sources
)

// A User says whose request it is.
type User struct {
	Key   uint64 // never 0
	By    Source
	Crowd bool // the key is no person's: see the package's documentation
}

// Config says how users are found.
type Config struct {
	// Rule says what they are known by.
	Rule Rule
	// Secret keys the hash, so that all who have it agree and nobody else knows
	// what a key is made of; empty: a key that is known everywhere.
	Secret []byte
	// Logger gets a line for each crowd, and a suggestion; nil: nothing is logged.
	Logger *slog.Logger
}

// A Finder finds out whose requests they are. It belongs to one goroutine.
type Finder struct {
	rule   Rule
	hash   hashKey
	names  [noCookie]uint64 // the hashes of the names that cookies have, by rank
	memo   memo
	crowds crowds
	namer  namer
	hints  hints
	absent absence
	stats  Stats
}

// New makes a Finder.
func New(cfg Config) *Finder {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Finder{rule: cfg.Rule, hash: newHashKey(cfg.Secret), namer: namer{log: cfg.Logger}, hints: hints{log: cfg.Logger}}
	for i, c := range sessionCookies {
		name := c.name
		if cfg.Rule.by == byCookie {
			name = cfg.Rule.name
		}
		f.names[i] = f.hash.sum(uint64(ByCookie), []byte(name))
	}
	f.memo.seed = maphash.MakeSeed()
	f.absent = newAbsence(cfg.Rule, cfg.Logger)
	f.hints.closed = cfg.Rule.by != byEvidence
	f.stats.cookieName = cfg.Rule.name
	return f
}

// Find says whose request raw is, of which m was read, that came from the client's
// address, as 16 bytes, on connection conn, at now, in nanoseconds since the Unix
// epoch.
func (f *Finder) Find(m *http1.Message, raw []byte, client *[16]byte, conn uint64, now int64) User {
	e := evidence{rank: noCookie}
	u := f.whose(&e, m, raw, client, conn)
	if u.By != ByConnection && f.weigh(&u, now) {
		e = evidence{rank: noCookie}
		e.read(m, raw, &f.rule) // what was known by heart has no names
		f.namer.name(u, &e, client)
	}
	if !f.hints.closed && u.By != ByCookie && e.hasCookies {
		f.hints.look(m, raw, f.hash)
	}
	f.stats.count(u, e.rank)
	if f.absent.left > 0 {
		f.absent.look(u.By, f.rule, &f.stats)
	}
	return u
}

// whose finds the user, by heart where it can, and makes of the request's parts no
// more evidence than that takes.
func (f *Finder) whose(e *evidence, m *http1.Message, raw []byte, client *[16]byte, conn uint64) User {
	var known *recollection
	if f.rule.by == byEvidence || f.rule.by == byCookie {
		known = f.memo.find(m, raw)
		if key, found := known.recall(e); found {
			return User{Key: key, By: ByCookie}
		}
	}
	e.read(m, raw, &f.rule)
	u := f.judge(e, client, conn)
	if u.Key == 0 {
		u.Key = 1
	}
	known.learn(e, u)
	return u
}

// Named is what Find returns for a request whose user is known by a key already.
func (f *Finder) Named(key uint64, now int64) User {
	u := User{Key: key, By: ByName}
	if f.weigh(&u, now) {
		f.namer.name(u, nil, nil)
	}
	f.stats.count(u, noCookie)
	return u
}

// weigh finds out whether u is a crowd, and whether that is new.
func (f *Finder) weigh(u *User, now int64) (isNew bool) {
	if u.Crowd, isNew = f.crowds.count(u.Key, now); isNew {
		f.stats.Crowds++
	}
	return isNew
}

// judge makes the key of the first source that the evidence has.
func (f *Finder) judge(e *evidence, client *[16]byte, conn uint64) User {
	switch {
	case f.rule.by == byConnection:
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], conn)
		return User{Key: f.hash.sum(uint64(ByConnection), b[:]), By: ByConnection}
	case len(e.cookie) > 0:
		return User{Key: f.hash.sum(f.nameHash(e), e.cookie), By: ByCookie}
	case len(e.header) > 0:
		return User{Key: f.hash.sum(uint64(ByHeader), e.header), By: ByHeader}
	case len(e.credentials) > 0:
		return User{Key: f.hash.sum(uint64(ByAuthorization), e.credentials), By: ByAuthorization}
	case e.isForwarded && f.rule.by == byIP: // the same as if the client came here itself
		return User{Key: f.hash.sum(uint64(ByAddress), e.addr[:]), By: ByForwarded}
	case e.isForwarded:
		return User{Key: f.hash.sum(f.hash.sum(uint64(ByForwarded), e.addr[:]), http1.ParseField(e.agent).Value), By: ByForwarded}
	}
	return User{Key: f.hash.sum(uint64(ByAddress), client[:]), By: ByAddress}
}

// nameHash is the hash of the session cookie's name.
func (f *Finder) nameHash(e *evidence) uint64 {
	if f.rule.by == byEvidence && sessionCookies[e.rank].prefix {
		return f.hash.sum(uint64(ByCookie), e.cookieName)
	}
	return f.names[e.rank]
}

// Stats returns the accounts.
func (f *Finder) Stats() Stats { return f.stats }

// An evidence is what a request says of its user. It holds parts of the request,
// and only such as the rule goes by.
type evidence struct {
	cookieName, cookie  []byte
	rank                int // of the cookie in sessionCookies; noCookie: none
	hasCookies          bool
	header              []byte
	scheme, credentials []byte
	isForwarded         bool     // addr is known
	addr                [16]byte // of the client, as a proxy says it
	agent               []byte   // the User-Agent's line
}

// read looks for what a rule goes by, in the order of the sources, until it has
// the first that is there.
func (e *evidence) read(m *http1.Message, raw []byte, rule *Rule) {
	switch rule.by {
	case byConnection:
		return
	case byEvidence, byCookie:
		if !e.hasCookies { // else it is known that they say nothing
			e.readCookies(m, raw, rule)
		}
	case byHeader:
		e.readHeader(m.Fields(raw), rule.name)
	}
	if len(e.cookie) > 0 || len(e.header) > 0 {
		return
	}
	if rule.by == byEvidence {
		if e.readCredentials(m, raw); len(e.credentials) > 0 {
			return
		}
	}
	if e.readForwarded(m, raw); e.isForwarded && rule.by != byIP {
		e.agent, _ = http1.First(m, raw, http1.FieldUserAgent)
	}
}

// readHeader looks for the header that the rule names.
func (e *evidence) readHeader(fields []byte, name string) {
	for line, rest := http1.CutField(fields); line != nil && len(e.header) == 0; line, rest = http1.CutField(rest) {
		if isNamed(line, name) {
			e.header = http1.ParseField(line).Value
		}
	}
}

// isNamed reports whether a field has this name.
func isNamed(line []byte, name string) bool {
	return len(line) > len(name) && line[len(name)] == ':' && http1.EqualFold(line[:len(name)], name)
}

func (e *evidence) readCredentials(m *http1.Message, raw []byte) {
	line, rest := http1.First(m, raw, http1.FieldAuthorization)
	for ; line != nil && e.credentials == nil; line, rest = http1.CutKind(rest, http1.FieldAuthorization) {
		e.scheme, e.credentials = credentials(http1.ParseField(line).Value)
	}
}

// readForwarded looks for the client's address: in Forwarded, and where none is
// there, in X-Forwarded-For.
func (e *evidence) readForwarded(m *http1.Message, raw []byte) {
	line, rest := http1.First(m, raw, http1.FieldForwarded)
	for ; line != nil && !e.isForwarded; line, rest = http1.CutKind(rest, http1.FieldForwarded) {
		e.addr, e.isForwarded = forwardedAddr(http1.ParseField(line).Value)
	}
	line, rest = http1.First(m, raw, http1.FieldForwardedFor)
	for ; line != nil && !e.isForwarded; line, rest = http1.CutKind(rest, http1.FieldForwardedFor) {
		e.addr, e.isForwarded = firstAddr(http1.ParseField(line).Value)
	}
}

// readCookies looks for the session's cookie.
func (e *evidence) readCookies(m *http1.Message, raw []byte, rule *Rule) {
	line, rest := http1.First(m, raw, http1.FieldCookie)
	for ; line != nil; line, rest = http1.CutKind(rest, http1.FieldCookie) {
		e.readCookieList(http1.ParseField(line).Value, rule)
	}
}

// readCookieList looks for the session's among the cookies of a field.
func (e *evidence) readCookieList(list []byte, rule *Rule) {
	e.hasCookies = true
	for len(list) > 0 {
		var name, value []byte
		name, value, list = cutCookie(list)
		if len(value) == 0 {
			continue
		}
		rank := noCookie
		if rule.by == byEvidence {
			rank = sessionCookieOf(name)
		} else if string(name) == rule.name {
			rank = 0
		}
		if rank < e.rank {
			e.cookieName, e.cookie, e.rank = name, value, rank
		}
	}
}
