// Package udpwire carries messages over UDP from listeners to replayers and loses none silently. Most programs need
// [Dial] and [Sender.Send] on one side, [Listen] and [Receiver.Run] on the other. This text is the format on the wire,
// version 2, complete enough to write a decoder from, after a word on how the package is made.
//
//	Send -> packer -> chunk of datagrams -> outbox => UDP => reception -> session -> inbox -> order -> handle
//	        pack, split   one system call    numbers, resends                seals      what is missing   per lane
//
// # Where to begin reading
//
// Open message.go for what travels, then follow the picture. On the listener's side sender.go has the calls, link.go
// the goroutine and the lock, packer.go how messages become datagrams. peer.go is a replayer as the listener sees it,
// and names its parts: initiator.go asks for a session, pathsize.go is how large datagrams may be, contact.go whether
// anybody is there, farewell.go the end, accounts.go the totals. outbox.go sends and keeps what is sent: flight.go has
// the numbers, resend.go and run.go what is sent again, piece.go what became too large, roundtrip.go, credit.go and
// pulse.go the pace, forlorn.go when to wait no more. On the replayer's side receiver.go has the calls, reception.go the
// way of a datagram, responder.go and localkeys.go the responses to those of no session, session.go one listener,
// whereabouts.go where that is, tombstone.go one that has ended. inbox.go takes what arrives: numbers.go knows what came,
// lossdetector.go what is missing, reporter.go when to say so, frames.go and collector.go make messages of datagrams,
// order.go hands them on; grant.go holds back listeners whose source can wait.
//
// Of several replayers resolver.go finds the addresses, fleet.go has them with their links, muster.go says which are
// there, rendezvous.go who gets which lane, and spreader.go brings messages there, with hold.go for those that wait for
// their turn, and withdraw.go and unpack.go for those that come back. leaving.go is the end of a replayer.
//
// Both sides share the format: datagram.go, frame.go, message.go, response.go and fragment.go, a file for each control
// message (hello.go, retry.go, welcome.go, begin.go, heartbeat.go, report.go, gone.go, unknown.go, piece.go,
// status.go), and the two directions of a session, outgoing.go and incoming.go, with keyring.go, seal.go and window.go.
// Files that end in _linux.go or _other.go are the system's; socket.go says what they owe. All but link, Sender,
// Receiver and the sockets
// is driven with the time and does no I/O of its own.
//
// # Goroutines and memory
//
// Send, Flush and Close belong to one goroutine, which packs without locks and takes one per batch. Each replayer has
// one more goroutine that reads its responses, and each name one that looks it up; Close ends them. Run does all of a
// Receiver's work on its caller's goroutine. A Body is lent in both directions: Send copies it once, into the datagram;
// handle gets a view on the datagram, or on the buffer where fragments were joined, until it returns. A Sender holds at
// most SenderConfig.Buffer bytes for each replayer (an eighth more while one message is nearly that large); a Receiver
// at most ReceiverConfig.MaxHeld for messages that are unfinished or wait for their turn, and for what it knows of
// numbers that came too early. Beyond, the session that holds most gives up its oldest message; one that holds none ends.
//
// # Datagrams
//
// Integers are big endian. A datagram is a header of 24 bytes, a body, and, when sealed, a tag of 16 bytes. One of
// another kind than DATA has at most 512 bytes in all, which every path carries, unless it is there to find out what a
// path does, or a PIECE on one that is known to carry more.
//
//	offset  bytes  header
//	0       3      "GOR"
//	3       1      version: 2
//	4       1      kind
//	5       1      flags: 1 sealed; others are zero, and ignored when set
//	6       2      epoch of the keys that seal it, its lowest 16 bits; 0 when it is not sealed or of no session
//	8       8      session; random in HELLO, RETRY, WELCOME and UNKNOWN, which belong to none
//	16      8      number; random in those
//
//	kind          from      number          body
//	1 HELLO       listener  random          asks for a session; padded with zeros to 512 bytes
//	2 WELCOME     replayer  random          responds to a HELLO with the right cookie: gives a session
//	3 DATA        listener  1, 2, 3 ...     frames
//	4 HEARTBEAT   listener  control         how far the listener is; padded with zeros it probes the path
//	5 REPORT      replayer  control         what arrived, what is missing
//	6 GONE        listener  control         numbers that will not be sent again
//	7 BYE         both      control         the body of HEARTBEAT (listener) or REPORT (replayer), for the last time
//	8 RETRY       replayer  random          responds to another HELLO: gives a cookie
//	9 UNKNOWN     replayer  random          responds to a datagram of a session that is not known
//	10 BEGIN      listener  control         begins a session
//	11 PIECE      listener  control         a piece of a DATA datagram that has become too large for the path
//	12 STATUS     listener  control         what the listener is
//
// A datagram of another kind, or of one that the receiver has no use for, is counted and skipped. DATA is numbered
// from 1 without holes. A number is the same datagram for ever: sent again, it is the same bytes, so that a duplicate
// is known by its number and a nonce never covers two texts. All other kinds of a session count together from 1 in
// each direction and are never sent again; the receiver refuses a control number it has seen or that lies 2,048 or
// more behind the highest. Numbers end at 2^62; a listener begins a new session before. Bytes behind those a body is said
// to have are ignored: a later version may use them.
//
// # Beginning
//
//	HELLO                                           WELCOME
//	0   32  random                                  0   32  the HELLO's random
//	32  32  public; zeros without a secret          32  32  public; zeros without a secret
//	64  8   session to go on with, or 0             64  8   session; not 0
//	72  1   lowest version spoken                   72  8   instance of the replayer: random, for as long as the
//	73  1   highest                                         process runs; not 0
//	74  1   flags: 1 the source can wait            80  4   window, bytes
//	75  1   zero                                    84  1   version chosen
//	76  16  cookie; zeros at first                  85  1   flags: 1 production's responses are wanted
//	                                                86  2   zeros
//	92  ..  zeros, up to 512 bytes in all, or       88  ..  what the replayer is, in the format of
//	        more to find out what a path does               STATUS; or nothing
//
//	RETRY                                           UNKNOWN
//	0   32  the HELLO's random                      0   8   session that is not known
//	32  16  cookie                                  8   8   number of the datagram that spoke of it
//
//	BEGIN
//	0   32  the HELLO's random                      64  1   flags, as in HELLO
//	32  32  the HELLO's public                      65  7   zeros
//	                                                72  56  the body of HEARTBEAT
//
// The replayer keeps nothing of who asks. It has a key of its own, another each minute, of which the present one and
// the one before are good, each for two minutes at most. A cookie is a code over the address and port a HELLO came
// from; without the right one, RETRY gives it, and the listener asks again at once, and with the same cookie the next
// time. A session is such a code over the HELLO's random and public and where it came from, so that a HELLO that comes
// twice has the same answer. Then the listener sends BEGIN, at the pace of HEARTBEATs, and nothing else until a REPORT
// comes. A BEGIN whose session is what the replayer would give to such a HELLO again begins the session; in one that
// there is, it counts as a HEARTBEAT. Whoever has not shown where it is gets a RETRY, of 88 bytes at most, for each
// HELLO of 512, and nothing else.
//
// Who only wants to know whether a replayer is there, and what it takes, sends HELLOs and no BEGIN (probe.go): they
// cost the replayer a WELCOME each, and it keeps nothing of them.
//
// HELLO is repeated after 20 ms, then after pauses that double up to half a second. A replayer in session is alive
// while it confirms something new: a REPORT echoes a later HEARTBEAT than any before, or next or highest has risen.
// When none did so for 2 seconds in which the listener ran, when an UNKNOWN speaks of the session, or when the
// replayer's machine says by ICMP that nobody listens there, the listener asks by HELLO to go on with its session, and
// sends HEARTBEATs but no new DATA meanwhile; a REPORT that confirms something ends that as well. When the replayer
// still has the session, WELCOME names it again and nothing else changes. When it has ended, the replayer responds to
// HELLO with that session's BYE instead, up to 8 times, so that both close the same accounts. When it never had it,
// WELCOME names another: the old session is over, what was sent in it and not confirmed is lost and never sent again,
// and what was not sent goes into the new one.
//
// UNKNOWN is no longer than the datagram it responds to, and comes at most 1,000 times a second. It is only a hint to
// ask: whoever reads the path can have one made again.
//
// # Where a listener is
//
// REPORTs go to where the BEGIN came from. A translator on the way may change that address: when authentic new
// datagrams come from another one, a REPORT goes there as well, with a challenge, as long as that address has had no
// more bytes than came from it. The listener returns the challenge of the last REPORT in its HEARTBEATs, at once when
// it is a new one; when the right one comes from there, that is the session's address.
//
// # End
//
// BYE ends a session with final totals. A replayer responds to a listener's with its own; a listener repeats it every
// 50 ms until then. A listener that leaves and still holds something waits for a replayer that is not there for 5
// seconds. The replayer ends a session without a datagram for 10 minutes, counted in time in which it ran and had read
// its socket: more than a second between two looks at the clock counts as one. When it has as many sessions as it may
// have, one makes room: of those without DATA the one silent longest, else of those silent for 5 seconds. An ended
// session leaves a tombstone for 10 minutes (1,024 of them at most): what comes in it is answered with its BYE, and no
// recorded BEGIN begins it again.
//
// A replayer that is about to leave says so in its REPORTs (draining), each with a challenge. Its listeners begin no
// more messages there, and send what is left of those begun; they return the challenge in a HEARTBEAT at once, and send
// another when everything is confirmed. When such a HEARTBEAT, with the challenge and with oldest above highest, has come
// from each listener that was heard in the last 3 seconds, or after one second, it says BYE. It gives no new session
// meanwhile.
//
// # What a listener is
//
//	STATUS
//	0   1   length of the version, and the text, at most 64 bytes
//	..  1   length of the host's name, and the text, at most 64 bytes
//	..  1   count of accounts, then for each: length of its name (1), the name (at most 40 bytes), its value (8)
//
// A listener sends one when a session is live, and every 5 seconds. Texts have the printable characters of ASCII alone.
// Of accounts with one name the first counts.
//
// # Several replayers
//
// All addresses that a replayer's name has may be replayers; the name is looked up every 5 seconds. Those whose
// WELCOMEs name the same instance are one. A lane of messages goes to the replayer for which the score of lane and
// instance is highest; all listeners compute it alike (rendezvous.go). When a lane gets another replayer, its next
// messages wait until all that the former one was sent of it is handed on or lost, or for 2 seconds, or until all that
// waits takes half of SenderConfig.Buffer. When a replayer is silent and has not come back by then, its session is
// given up: what it has not confirmed counts as lost, though it may still hand some of it on, and late. What was never
// sent goes to the others, or waits while there are none.
// An address that leaves the name gets no new messages once another replayer is there.
//
// # Frames
//
// The body of DATA is the id (8 bytes) of the message in its first frame, then frames until the end. A session's
// messages have ids 1, 2, 3 ... in the order they were sent; each further MESSAGE, or FRAGMENT that begins one,
// belongs to the next id. Every frame but PAD begins with a type, three bytes of its own, and the length of what
// follows those eight bytes. One of another type is skipped and counted; it has no id.
//
//	MESSAGE                                                        FRAGMENT
//	0   1  type 1                                                  0   1  type 2
//	1   1  kind: 0 a request, 1 production's response to one       1   3  zero
//	2   1  protocol                                                4   4  length of what follows: 8 and the piece
//	3   1  address families: bits 0-1 source, 2-3 destination;     8   4  the piece's offset in the MESSAGE frame
//	       0 none, 1 IPv4, 2 IPv6; bit 4: the user is a crowd;     12  4  length of the MESSAGE frame
//	       bit 5: production's response is to follow; others       16  .. the piece
//	       zero
//	4   4  length of what follows; the body at most 64 MiB
//	8   8  user                                                    PAD
//	16  8  connection                                              0   1  type 0: the rest of the datagram
//	24  8  time, ns since the Unix epoch                                  is to be ignored
//	32  2  source port
//	34  2  destination port
//	36  .. back: the message before it in its lane has id - back; 0: there is none; less than 2^32. Then
//	       the index in the connection. Both as numbers of 7 bits to a byte
//	..  .. source address, destination address (0, 4 or 16 bytes each), body
//
// A MESSAGE frame that does not fit is cut into FRAGMENTs, in order, in neighbouring datagrams: one with a non-zero
// offset is the first of its datagram, one that does not reach the end the last; only frames to be skipped may stand
// before and behind. Datagrams before the last of a batch are padded to one size, since one system call can only send
// one size.
//
// A lane is a set of users (a hash of the user chooses one of 16,384; of the connection, where the user is a crowd). A
// message is handed on when the one before it in its lane has been handed on or is lost; other lanes do not wait. A
// message of a kind that the replayer's consumer does not expect is received like any other, and skipped and counted
// instead of handed on.
//
// # Production's responses
//
// A listener may send what production answered to some of the requests. Such a request has bit 5 of its flags set, and a
// message of kind 1 follows it some time later, of the same user, connection and index, whose time is when the response's
// head was seen, or when it was given up. It goes the request's way: after it, and to the same replayer, unless the lane
// has got another one meanwhile. Its body:
//
//	0   1  flags: 1 the response could not be had, and nothing is known of it; 2 the content is whole; others are zero,
//	       and ignored when set
//	1   3  zeros
//	4   4  length of the head
//	8   8  length of the content; all ones: not known
//	16  8  hash of the whole content where it is longer than what is sent of it; 0: there is none
//	24  .. head: the status line and the fields as they were sent, with the empty line behind them
//	..  .. content, without chunk framing, or its beginning, or nothing
//
// Either half may get lost. A replayer that wants them says so in WELCOME (flag 1); whoever does not, since nobody has
// asked it to compare, or since it is older than they are, is sent none by a listener that has heard its WELCOME, and no
// request with bit 5. What comes all the same is received, counted and skipped.
//
// # Recovery
//
//	HEARTBEAT                                       REPORT
//	0   8  time: the listener's clock, ns           0   8  time of the latest HEARTBEAT or BEGIN since the last
//	8   8  oldest: no lower number is sent again           REPORT; 0: there was none
//	16  8  highest number sent                      8   4  UDP payload of the largest one since then, bytes
//	24  8  messages begun in the session            12  4  window, bytes
//	32  8  bytes of their bodies                    16  1  how full the replayer's queue is, percent
//	40  8  messages the listener had no room        17  1  flags: 1 begin nothing new here, the replayer is about
//	       for since it started                            to leave; 2 it can reach no target; 4 it holds some
//	48  8  challenge of the last REPORT             18  6  zeros
//	56  .. zeros                                    24  8  challenge; 0: none
//	                                                32  8  next: all lower numbers have arrived or are gone
//	GONE                                            40  8  highest number that arrived, or next - 1
//	0   8  first number                             48  8  messages handed on
//	8   .. numbers gone, as spans from it           56  8  bytes of their bodies
//	                                                64  8  messages lost
//	spans                                           72  8  bytes of their bodies, as far as settled
//	0   1  count                                    80  8  datagrams lost
//	1   .. count times, as numbers of 7 bits to     88  8  datagrams the replayer's kernel had no room for
//	       a byte, lowest first, the highest bit    96  8  credit: messages that may be begun in this session by
//	       set in all but the last:                        who can wait; all ones: no bound
//	       how far behind the end of the last       104 8  bytes their bodies may have
//	       span, how long less one                  112 .. missing numbers, as spans from next: send them again
//
// The replayer finds a number missing when one 3 higher has arrived, or when a higher one was known for 2 ms (4 at
// most). It then sends a REPORT at once and every 2 ms until nothing is missing; when more is missing than one can
// name, the next follows after 1 ms and goes on where that ended, so that a path with a long round trip recovers as
// fast as a short one. When it has asked 100 times and nothing came, it asks each second until something does.
// Otherwise it sends a REPORT 25 ms after DATA, after an eighth of its window, for each HEARTBEAT, and each second. The
// listener sends a missing datagram again at once the first time, later unless it did so less than 9/8 of a round trip
// and 1 ms ago, which doubles from the fifth time on up to 200 ms. While nothing has arrived for 100 ms or 8 round
// trips, it sends 16 of them at a time, less and less often, down to twice a second. It sends a HEARTBEAT 10 to 20 ms
// after the last DATA, again after pauses of 10 ms that double up to 100 ms until everything is confirmed, else each
// second, and sooner while one is not echoed. When something was sent 50 ms or 3 round trips ago, whichever is longer,
// and nothing new was confirmed since, no new DATA goes out until something is; half that time before the listener asks
// by HEARTBEAT. A datagram that has been sent 12 times over 5 seconds to a replayer that responds is given up: GONE, of
// which 4,096 numbers are believed at a time. Everything else is kept until confirmed; when the buffer is full, new
// messages are refused, never old ones dropped.
//
// The listener has at most window bytes (each datagram counted with 1,024 more, which is what it costs the kernel)
// beyond the highest number that arrived, plus what was confirmed during one round trip. The window is half the
// replayer's socket buffer, shared by its active sessions.
//
// The replayer knows the fate of each id: once every number up to a datagram is settled, a message before or in it
// that is neither handed on nor waiting is lost. Both sides' totals are equal at BYE. A session that ends without one
// counts what was not confirmed as lost at the listener; it is never sent again, so that no message arrives twice.
//
// # How large datagrams are
//
// IP fragmentation is off. A session's DATA has at most 1,200 bytes until a REPORT says that a larger HEARTBEAT has
// arrived; nothing else is believed. HEARTBEATs of all sizes worth trying follow the first REPORT, three times within
// half a second, and again every 10 seconds while the largest that the interface carries has not arrived. The size
// falls when the kernel refuses a datagram for it, or when the lowest missing number is large, was sent again 4 times,
// and nothing as large has arrived since: to what the kernel knows of the path, else to 512 bytes, and the search
// begins anew.
//
//	PIECE
//	0   8  number of a DATA datagram
//	8   4  the piece's offset in it
//	12  4  its size
//	16  .. the piece
//
// A datagram that is larger than the path carries by then keeps its number and its bytes, header and tag included,
// which are cut into PIECEs. The replayer joins them, in whatever order they come and wherever they were cut, and takes
// the whole in as if it had come at once; a missing piece is asked for with the whole. A PIECE of what has arrived
// already is only a reason to say so.
//
// # Sources that can wait
//
// A recording need not lose anything behind the replayer: its reader can wait. A listener with such a source says so
// in HELLO (flag 1), and begins no more than each REPORT's credit gives it leave for: so many messages, and bytes of
// their bodies, counted since the session began. Nothing is granted before the first REPORT; what was granted stays
// so. A batch may begin while fewer messages and fewer bytes than that have begun, so that nothing is too large for
// any credit, and what a message goes on with needs none; but no batch goes on with one message and begins another.
// While it waits for credit the listener sends a HEARTBEAT every 100 ms. Without that flag a listener does not look at
// the credit.
//
// The replayer divides what its consumer has room for over the sessions of such listeners that were heard in the last
// 5 seconds, less what it has granted and not seen yet. What is begun beyond the credit and a batch is handed on like
// what cannot wait.
//
// Flags of a REPORT: 1 the replayer is about to leave, so that nothing new is to begin in the session; 2 nothing can
// go on from it, since no target can be reached; 4 messages of sources that can wait have not gone on yet. A listener
// whose source can wait sends BYE only when 4 is not set. It waits no more when 2 is set, or when the replayer has not
// responded for 10 seconds: then Send returns [ErrNobody], and Close does not wait, either.
//
// # What is believed
//
// Each datagram that comes counts once: as received, as a duplicate, or as rejected, by reason. With a secret one that
// is not authentic is nothing but that. One whose frames contradict each other is rejected as malformed; its number is
// settled, and what stood before the contradiction is handed on. A DATA datagram that comes in PIECEs does not count
// beside them.
//
// With a secret everything authentic is a listener's word. Without, anybody who can be reached where it says it is may
// begin a session and say anything in it, and whoever can read the path may speak in others' sessions too; nobody else
// can, since a session is a random number of 64 bits. So that a forged total cannot make the accounts absurd, it is
// malformed if it is more than the numbers allow: a number less than 131,072 beyond the lowest missing one; at most
// 1,170 messages, and as many bytes as fit, for each datagram not read, besides those of one message and one batch on
// its way; never 2,097,152 messages beyond those settled. That is how many losses a stranger can make up at a time, in
// a session of its own. A listener refuses a REPORT that confirms more than it has sent.
//
// # Sealing
//
// With a shared secret every datagram is sealed with AES-256-GCM: the header is the associated data, the body is
// encrypted, the tag follows. In BEGIN the random and the public are associated data as well, in clear. A side with a
// secret ignores what is not sealed, one without ignores what is; neither ever does otherwise. Keys come from
// HKDF-SHA256 (RFC 5869), public is one half of an X25519 exchange (RFC 7748):
//
//	fixed    = Extract(secret, no salt)
//	session  = Extract(secret and the shared X25519 value, salt: the HELLO's random, the listener's and the replayer's public)
//	chain 0  = Expand(session, "gor 2 listener") or, for the other direction, Expand(session, "gor 2 replayer")
//	chain    = Expand(chain before, "next")
//
//	key of                     is                               nonce
//	HELLO                      Expand(fixed, "gor 2 hello")     header bytes 12..23
//	RETRY, WELCOME, UNKNOWN    Expand(fixed, "gor 2 answer")    header bytes 12..23
//	DATA                       Expand(chain, "data")            0 (4 bytes), number
//	other                      Expand(chain, "control")         0 (4 bytes), number
//
// The listener's half is new for each session asked for, the replayer's each minute, and neither is kept: who learns
// the secret later can read no recording. All that both sides said goes into the keys, so that nothing recorded in one
// session opens in another. A session's first epoch is 0, and its chain is chain 0. The listener begins the next one
// after 20 minutes or 2^22 datagrams (RFC 9001 section 6.6 allows twice that), when it has heard the replayer's
// present one and all DATA of the epoch before is settled; the replayer follows with its first datagram after one of
// the new epoch. So both know each other's epoch however long nothing passes in one direction. The epoch before, the
// present and the next are believed; the next becomes the present one with its first authentic datagram, and older
// chains are overwritten.
//
// Nobody needs to be anybody to have the replayer compute: what it does for a HELLO without the secret, or without the
// right cookie, is one opening and one code; the exchange is computed only for a BEGIN that shows that its WELCOME
// arrived. Use at least 32 random bytes for a secret.
package udpwire
