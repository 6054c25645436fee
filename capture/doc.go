// Package capture gets TCP segments from a network or a capture file.
//
//	Ring (AF_PACKET) --+
//	                   +--> Packet --> Decoder --> Segments
//	File (pcap, ...) --+                 |
//	                                     +--> Recorder --> Reel, Strip (pcap)
//	         requests --> Scribe ------------> Recorder
//
// A source has packets: a Ring those that the kernel copies for it, a File those
// that were recorded. Its Next hands those that are at hand to a Decoder, which
// finds the TCP segment in each, if there is one for a wanted port that says
// anything, and counts why not otherwise. Only what clients send is decoded,
// unless answers are wanted, too.
//
// Open decode.go first: it leads a packet from its outermost header to the
// Segment. ring.go and file.go are where packets come from, link.go, tunnel.go
// and fragment.go what may lie around a segment, checksum.go whether it is
// believed, recorder.go where packets go that are to be kept, reel.go into which
// files. scribe.go makes packets up for requests that came without theirs.
// direction.go says which way packets go that are wanted, tap_linux.go how a
// socket is pointed at them, watch_linux.go how it is pointed anew when the world
// changes. scout.go looks at what is not captured, for whoever asks why nothing is
// (package doctor).
//
// # Who owns the bytes
//
// Packet.Data lies in the ring or in the file's buffer, and so does
// Segment.Payload, unless the segment was put together from IP fragments: then
// it has memory of its own. All of it is lent until the next Next. Nothing is
// allocated per packet except to keep fragments. A Recorder copies what it is
// given into a buffer of its own, which its goroutine writes: nothing in the
// way of a packet waits for a disk.
//
// # The ring
//
// A packet socket of type SOCK_DGRAM bound to all interfaces begins each packet
// at the IP header, whatever the link. It is opened without a protocol, and so
// without packets, until the filter is in place. The kernel fills blocks of
// 128 KiB (TPACKET_V3, Documentation/networking/packet_mmap.rst) and hands one
// over when it is full or 8 ms old; it drops and counts packets when no block
// is free. Any packet uses up a block each 8 ms: 512 of them last four seconds.
// Receive offloads make packets of 64 KiB, BIG TCP of up to 195,716 bytes: where an
// interface does, blocks are of 256 KiB, and hold them whole. A bridge shows each
// packet twice; that is ordinary duplication, which reassembly is there for.
//
// The reader waits by the runtime's poller while little comes, longer and longer
// while nothing does, and by itself while block follows block.
//
// # Answers
//
// What servers answer is captured on wish (RingConfig.Answers), by a socket and a small
// ring of its own: answers never take the room of requests, and what the kernel drops
// of them is counted apart. The filter takes those of a share of the connections (share.go):
// a hash of the client's address and port decides, which the kernel and Share.Has
// compute alike. Without bodies it takes the segments that begin like a status line and
// cuts them behind 4 KiB, so that a body costs nothing but the look at it. It sees through
// one VLAN tag, and one tunnel of the kinds that the requests' filter knows; answers in
// fragments, behind IPv6 extension headers, in two tags, PPPoE, MPLS, GTP or a tunnel in
// a tunnel are not taken, and their requests have none. Answers go the other way: where
// requests arrive they leave, where requests leave they arrive, on the same interfaces,
// and on loopback both arrive. Each packet that leaves then costs its sender those
// 0.28 us, wanted or not.
//
// Answers are handed out when no request waits, and when they are 20 ms old: by
// then the requests' block is full or retired, so that a question comes before its
// answer as a rule. Nothing promises that where the process is kept from running. On a
// busy link they wake nobody: they are looked at with each block of requests.
//
// # Directions
//
// The packets that this machine sends are shown by loopback on their way out and
// in: there what arrives counts. Elsewhere what leaves is what a proxy
// asks of its backends, and all that is passed on to containers. Which way is
// wanted is decided for each port (Direction). A packet on its way out costs its
// sender 0.28 us where a socket looks at it, wanted or not, so the socket
// looks only if some port wants it. A frame that is addressed to another
// machine is neither, but in promiscuous mode.
//
// What is learnt when the ring is opened is learnt again, each second or few, by
// Ring.Watch: which ports something listens on (a port counts as such for ten
// seconds more), and the numbers of interfaces, so that one that is made anew is
// captured on again. All that needs a privilege is open by then.
//
// # What is believed
//
// What the receiver's kernel reads. The IP length counts, not the frame's, which
// may be padded; a length of zero stands for a packet longer than the field can
// say. What a snap length cut off is told by Segment.Cut, never made up.
//
// A segment whose TCP checksum is wrong is none. On local and virtual interfaces
// and behind receive offloads sums are not computed, or verified already, and
// the kernel says so of each packet; all others are verified. In a tunnel its
// word may be about the outer packet: there sums are verified, or, where some sum
// was still to be computed, may be that of the pseudo header alone. What was put
// together from fragments is always verified, since parts of two datagrams may
// have met. Segments that the capture cut cannot be.
//
// A file does not say which sums were still to be computed when it was recorded:
// a sum of zero, or of the pseudo header alone, is taken for one of these. Any
// other that is wrong is damage, unless the file shows that its sums mean
// nothing, because a program has rewritten addresses or contents. It shows that
// while more than eight times as many sums of segments to the wanted ports are
// wrong as are right, counted over the first 1000; or if, in its first megabyte,
// servers acknowledged data of which only copies with a wrong sum had come more
// often than another copy with a right sum followed. A regular file's first
// megabyte is read ahead, so that its verdict is there for the first packet; a
// stream is judged by what it has shown so far. Segments taken in spite of a
// wrong sum are counted as checksum_ignored, those refused as bad_checksum.
//
// # What is understood
//
// Ethernet, IEEE 802.1Q and 802.1ad tags, LLC/SNAP, PPPoE, PPP, MPLS, Cisco
// HDLC, Linux cooked captures (both versions), loopback and raw IP, netfilter
// logs; IPv4 with options, IPv6 with extension headers, fragments of both
// (RFC 791, 8200, 5722; those of one datagram seen at one place, in memory
// bounded by DecoderConfig.MaxFragmentBytes and for 30 s of packet time, the
// oldest given up first; any that overlap without being repetitions make an end
// of their datagram); VXLAN (RFC 7348), GENEVE
// (RFC 8926), GRE (RFC 2784, 2890, 8086), ERSPAN, GTP-U, and IP in IP. Which
// tunnel a segment came through is no part of its identity: the same packet
// is often seen inside and outside of one.
//
// # Privileges
//
// A Ring needs CAP_NET_RAW when it is opened and no longer; DropPrivileges then
// leaves the process, all its threads, without any. A Reel may go on to make files in
// a folder that was open to root alone: a clerk (clerk_linux.go), which is a process
// of its own and can do nothing else, makes them.
package capture
