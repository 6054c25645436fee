// Package udpwire carries messages over UDP from listeners to replayers and loses none silently. Most programs need
// [Dial] and [Sender.Send] on one side, [Listen] and [Receiver.Run] on the other. This text is the format on the wire,
// version 1, complete enough to write a decoder from, after a word on how the package is made.
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
// the numbers, resend.go what is sent again, roundtrip.go, credit.go and pulse.go the pace, forlorn.go when to wait no
// more. On the replayer's side
// receiver.go has the calls, reception.go the way of a datagram, responder.go the response to HELLO, session.go one
// listener. inbox.go takes what arrives: numbers.go knows what came, lossdetector.go what is missing, reporter.go when
// to say so, frames.go and collector.go make messages of datagrams, order.go hands them on; grant.go holds back
// listeners whose source can wait.
//
// Both sides share the format: datagram.go, message.go and fragment.go, a file for each control message (hello.go,
// welcome.go, heartbeat.go, report.go, gone.go), and the two directions of a session, outgoing.go and incoming.go, with
// seal.go and window.go. Files that end in _linux.go or _other.go are the system's; socket.go says what they owe. All
// but link, Sender, Receiver and the sockets is driven with the time and does no I/O of its own.
//
// # Goroutines and memory
//
// Send, Flush and Close belong to one goroutine, which packs without locks and takes one per batch. Each replayer has
// one more goroutine that reads its responses; Close ends it. Run does all of a Receiver's work on its caller's
// goroutine. A Body is lent in both directions: Send copies it once, into the datagram; handle gets a view on the
// datagram, or on the buffer where fragments were joined, until it returns. A Sender holds at most
// SenderConfig.Buffer bytes for each replayer (an eighth more while one message is nearly that large); a Receiver at
// most ReceiverConfig.MaxHeld for messages that are unfinished or wait for their turn. Beyond, the session that holds
// most gives up its oldest.
//
// # Datagrams
//
// Integers are big endian. A datagram is a header of 24 bytes, a body, and, when sealed, a tag of 16 bytes.
//
//	offset  bytes  header
//	0       3      "GOR"
//	3       1      version: 1
//	4       1      kind
//	5       1      flags: 1 sealed, 2 one-way; others are zero, and ignored when set
//	6       2      zero, ignored
//	8       8      session
//	16      8      number
//
//	kind          from      number          body
//	1 HELLO       listener  random          asks for a session; padded with zeros
//	2 WELCOME     replayer  random          responds; never longer than the HELLO
//	3 DATA        listener  1, 2, 3 ...     frames
//	4 HEARTBEAT   listener  control         how far the listener is
//	5 REPORT      replayer  control         what arrived, what is missing
//	6 GONE        listener  control         numbers that will not be sent again
//	7 BYE         both      control         the body of HEARTBEAT (listener) or REPORT (replayer), for the last time
//
// DATA is numbered from 1 without holes. A number is the same datagram for ever: sent again, it is the same bytes, so
// that a duplicate is known by its number and a nonce never covers two texts. All other kinds of a session count
// together from 1 in each direction and are never sent again; the receiver refuses a control number it has seen or
// that lies 64 or more behind the highest. Numbers end at 2^62; a listener begins a new session before.
//
// Bytes behind those a body is said to have are ignored: a later version may use them.
//
// # Beginning and end
//
//	HELLO                                   WELCOME
//	0   32  random                          0   32  the HELLO's random
//	32  8   session to go on with, or 0     32  32  random
//	40  1   lowest version spoken           64  8   session; not 0
//	41  1   highest                         72  4   window, bytes
//	42  ..  zeros                           76  2   the HELLO's size as UDP payload
//	                                        78  1   version chosen
//	                                        79  1   zero
//
// The header of a HELLO has a random session, which the WELCOME's header repeats. A HELLO is as large as the largest
// DATA the listener would like to send; the size in the WELCOME is what the path has proven to carry. The first tries
// are at the interface's MTU less 48 bytes of IPv6 and UDP headers (60,000 on loopback), later ones smaller, down to
// 1,200. IP fragmentation is off. If the replayer still has the session asked for, WELCOME repeats it and it goes on;
// else the session is new, chosen at random, and the listener's first datagram in it (a HEARTBEAT) proves that the
// response reached it: only then does the replayer keep anything beyond one of 256 table entries.
//
// Without a secret and without any response for 3 seconds a listener that has never had one may choose a session
// itself and send DATA, HEARTBEAT and BYE with the one-way flag. Nothing is confirmed or sent again then; a number
// missing for 200 ms is lost. It goes on asking, and begins a true session when a response comes.
//
// BYE ends a session with final totals. A replayer responds to a listener's with its own; a listener repeats it every
// 50 ms until then. A listener that leaves and still holds something waits for a replayer that is not there for 5
// seconds. A session without a datagram for 60 seconds has ended.
//
// # Frames
//
// The body of DATA is the id (8 bytes) of the message in its first frame, then frames until the end. A session's
// messages have ids 1, 2, 3 ... in the order they were sent; each further frame of a datagram belongs to the next id.
//
//	MESSAGE                                                        FRAGMENT
//	0   1  type 1                                                  0   1  type 2
//	1   1  kind                                                    1   3  zero
//	2   1  protocol                                                4   4  length of the piece
//	3   1  address families: bits 0-1 source, 2-3 destination;     8   4  its offset in the MESSAGE frame
//	       0 none, 1 IPv4, 2 IPv6; others zero                     12  4  length of the MESSAGE frame
//	4   4  length of the body, at most 64 MiB                      16  .. the piece
//	8   4  back: the message before it in its lane has id - back;
//	       0: there is none                                        PAD
//	12  8  connection                                              0   1  type 0: the rest of the datagram
//	20  8  index in the connection                                        is to be ignored
//	28  8  time, ns since the Unix epoch
//	36  2  source port
//	38  2  destination port
//	40  .. source address, destination address (0, 4 or 16 bytes each), body
//
// A MESSAGE frame that does not fit is cut into FRAGMENTs, in order, in neighbouring datagrams: one with a non-zero
// offset is the first frame of its datagram, one that does not reach the end the last. Datagrams before the last of a
// batch are padded to one size, since one system call can only send one size.
//
// A lane is a set of connections (a hash of the connection chooses one of 16,384). A message is handed on when the one
// before it in its lane has been handed on or is lost; other lanes do not wait.
//
// # Recovery
//
//	HEARTBEAT                                       REPORT
//	0   8  time: the listener's clock, ns           0   8  time of the HEARTBEAT this echoes, or 0
//	8   8  oldest: no lower number is sent again    8   8  next: all lower numbers have arrived or are gone
//	16  8  highest number sent                      16  8  highest number that arrived, or next - 1
//	24  8  messages begun in the session            24  4  window, bytes
//	32  8  bytes of their bodies                    28  1  how full the replayer's queue is, percent
//	40  8  messages the listener had no room        29  3  zero
//	       for since it started                     32  8  messages handed on
//	                                                40  8  bytes of their bodies
//	GONE, and the end of a REPORT                   48  8  messages lost
//	0   4  count, at most 80                        56  8  bytes of their bodies, as far as settled
//	4   .. count times:                             64  8  datagrams lost
//	       8  first number                          72  8  datagrams the replayer's kernel had no room for
//	       4  how many                              80  .. missing numbers, as spans: send them again
//
// The replayer finds a number missing when one 3 higher has arrived, or when a higher one was known for 2 ms (4 at
// most). It then sends a REPORT at once and every 2 ms until nothing is missing; when more is missing than one can
// name, the next follows after 1 ms and goes on where that ended, so that a path with a long round trip recovers as
// fast as a short one. Otherwise it sends a REPORT 25 ms after DATA, after an eighth of its window, for each HEARTBEAT,
// and each second. The listener sends a missing datagram again at once the first time, later unless it did so less
// than 9/8 of a round trip and 1 ms ago. It sends a HEARTBEAT 10 to 20 ms after the last DATA, again after pauses that
// double up to 100 ms until everything is confirmed, else each second. A datagram that has been sent 12 times over 5
// seconds to a replayer that responds is given up: GONE. Everything else is kept until confirmed; when the buffer is
// full, new messages are refused, never old ones dropped.
//
// The listener has at most window bytes (each datagram counted with 1,024 more, which is what it costs the kernel)
// beyond the highest number that arrived, plus what was confirmed during one round trip. The window is half the
// replayer's socket buffer, shared by its active sessions.
//
// The replayer knows the fate of each id: once every number up to a datagram is settled, a message before or in it
// that is neither handed on nor waiting is lost. Both sides' totals are equal at BYE. A session that ends without one
// counts what was not confirmed as lost at the listener; it is never sent again, so that no message arrives twice.
//
// # Sources that can wait
//
// A recording need not lose anything behind the replayer: its reader can wait. A listener with such a source says so in
// HELLO (flag 1), and begins no more than each REPORT's credit gives it leave for: so many messages, and bytes of their
// bodies, counted since the session began. Nothing is granted before the first REPORT; what was granted stays so. A batch
// may begin while fewer messages and fewer bytes than that have begun, so that nothing is too large for any credit, and
// what a message goes on with needs none; but no batch goes on with one message and begins another. While it waits for
// credit the listener sends a HEARTBEAT every 100 ms. Without that flag a listener does not look at the credit.
//
// The replayer divides what its consumer has room for over the sessions of such listeners that were heard in the last 5
// seconds, less what it has granted and not seen yet. What is begun beyond the credit and a batch is handed on like what
// cannot wait.
//
// Flags of a REPORT: 1 the replayer is about to leave, so that nothing new is to begin in the session; 2 nothing can go
// on from it, since no target can be reached; 4 messages of sources that can wait have not gone on yet. A listener whose
// source can wait sends BYE only when 4 is not set. It waits no more when 2 is set, or when the replayer has not responded
// for 10 seconds: then Send returns [ErrNobody], and Close does not wait, either.
//
// # What is believed
//
// Each datagram that comes counts once: as received, as a duplicate, or as rejected, by reason. One whose frames
// contradict each other is rejected as malformed; its number is settled, and what stood before the contradiction is
// handed on.
//
// With a secret everything authentic is a listener's word. Without, anybody may begin a session and say anything in it,
// and whoever can read the path may speak in others' sessions too; nobody else can, since a session is a random number
// of 64 bits. So that a forged total cannot make the accounts absurd, it is malformed if it is more than the numbers
// allow: a number less than 131,072 beyond the lowest missing one; at most 1,637 messages, and as many bytes as fit,
// for each datagram not read, besides those of one message and one batch on its way; never 2,097,152 messages beyond
// those settled. That is how many losses a stranger can make up at a time, in a session of its own. A one-way session
// counts from the first datagram heard, and anew behind a gap longer than that. A listener refuses a REPORT that
// confirms more than it has sent.
//
// # Sealing
//
// With a shared secret every datagram is sealed with AES-256-GCM: the header is the associated data, the body is
// encrypted, the tag follows. Keys come from HKDF-SHA256 (RFC 5869).
//
//	key of        extract from             salt             expand with                               nonce
//	HELLO         secret                   none             "gor 1 hello"                             header bytes 12..23
//	WELCOME       secret                   none             "gor 1 welcome"                           header bytes 12..23
//	DATA          secret                   both randoms     "gor 1 listener data" + epoch             0 (4 bytes), number
//	other         secret                   both randoms     "gor 1 listener control" or               0 (4 bytes), number
//	                                                        "gor 1 replayer control" + epoch
//
// Both randoms means the HELLO's, then the WELCOME's. The epoch, 8 bytes, is the number divided by 2^22: a key seals
// no more datagrams (RFC 9001 section 6.6), and which one it is needs no agreement. A receiver accepts the epoch of the
// highest authentic number, the one before and the one after. Since each side contributes to the keys, nothing
// recorded in one session opens in another, whichever side was restarted. There is no forward secrecy: whoever learns
// the secret can read recordings; use at least 32 random bytes. What is not authentic is counted; it gets no
// response and is not kept.
package udpwire
