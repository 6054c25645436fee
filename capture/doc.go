// Package capture gets TCP segments from a network or a capture file.
//
//	Ring (AF_PACKET) --+
//	                   +--> Packet --> Decoder --> Segments
//	File (pcap, ...) --+                 |
//	                                     +--> Writer (pcap)
//
// A source has packets: a Ring those that the kernel copies for it, a File those
// that were recorded. Its Next hands those that are at hand to a Decoder, which
// finds the TCP segment in each, if there is one for a wanted port that says
// anything, and counts why not otherwise. Only what clients send is decoded;
// answers are not looked at.
//
// # Who owns the bytes
//
// Packet.Data lies in the ring or in the file's buffer, and so does
// Segment.Payload, unless the segment was put together from IP fragments: then
// it has memory of its own. All of it is lent until the next Next. Nothing is
// allocated per packet except to keep fragments.
//
// # The ring
//
// A packet socket of type SOCK_DGRAM bound to all interfaces begins each packet
// at the IP header, whatever the link. It is opened without a protocol, and so
// without packets, until the filter is in place. The kernel fills blocks of
// 256 KiB (TPACKET_V3, Documentation/networking/packet_mmap.rst) and hands one
// over when it is full or 4 ms old; it drops and counts packets when no block
// is free. Receive offloads make packets of 64 KiB and more, BIG TCP up to
// 195,716 bytes: blocks hold them whole. Packets that this machine sends are
// left out, so that loopback shows each once. A bridge shows each twice; that
// is ordinary duplication, which reassembly is there for. An interface that
// goes down stops delivering until it is up again; capture goes on.
//
// # What is believed
//
// Checksums are not verified: on local and virtual interfaces they are not yet
// computed. The IP length counts, not the frame's, which may be padded; a
// length of zero stands for a packet longer than the field can say. What a
// snap length cut off is told by Segment.Cut, never made up.
//
// # What is understood
//
// Ethernet, IEEE 802.1Q and 802.1ad tags, LLC/SNAP, PPPoE, PPP, MPLS, Cisco
// HDLC, Linux cooked captures (both versions), loopback and raw IP, netfilter
// logs; IPv4 with options, IPv6 with extension headers, fragments of both
// (RFC 791, 8200, 5722; in memory bounded by DecoderConfig.MaxFragmentBytes and
// for 30 s of packet time, the oldest given up first); VXLAN (RFC 7348), GENEVE
// (RFC 8926), GRE (RFC 2784, 2890, 8086), ERSPAN, GTP-U, and IP in IP. Which
// tunnel a segment came through is no part of its identity: the same packet
// is often seen inside and outside of one.
//
// # Privileges
//
// A Ring needs CAP_NET_RAW when it is opened and no longer; DropPrivileges then
// leaves the process, all its threads, without any.
package capture
