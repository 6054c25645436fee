// Package http1 reads HTTP/1 messages (RFC 9112), requests and responses, as far
// as it takes to know where each ends and to hand it on exactly as it came. It
// is the only reader of HTTP/1 in gor, so that what listens and what forwards are
// of one opinion. It knows bytes and nothing else: no connection, clock or log.
//
// Begin with Message.Head in head.go; Message.Body in body.go goes on from there,
// and AppendFields in field.go takes the fields apart for whoever needs them.
//
// # The picture
//
// Bytes may come in pieces of any size. A message that is cut at any byte has the
// same verdict, the same lengths and the same flags as one that comes whole.
//
//	           +----- Head: More, More ... Whole ------+- Body: More ... Whole -+
//	empty      | start line | field section | CR LF    | body, chunks, trailers | next message
//	EmptyLines |            |                          |                        |
//	           0            first                      HeadLen
//
// Head is given the message from its first byte each time, and goes on where the
// unfinished line begins. Body is given only what is new, and needs no byte a
// second time. Bytes of a body that are known to be lost are told to Gap, and
// those that need not be looked at are counted by Left. End says what the end of
// the connection means.
//
// # Ownership
//
// A Message holds no bytes: where one of its methods returns some, they are a part
// of those it was given. So are the slices of a Field. AppendUnfolded and
// AppendContent copy to where the caller says. Nothing here allocates, but for
// what append does.
//
// # Limits
//
// A method has MaxMethod bytes at most; lengths and chunks 2^63-1. How long a head
// may become is for the caller to say, who keeps it; it has to be below 2 GiB.
//
// # Decisions
//
// The question is not whether a message is clean, but whether all readers agree on
// where it ends. Where they do, it is Whole, and Odd if it breaks RFC 9112. Where
// they may differ, it is Malformed, as what is behind it could be a request to one
// of them and a body to another (section 11.2).
//
//	start line
//	  any token as method                          a method                              Whole
//	  two spaces, blanks in or behind the target   part of it, or left out               Whole, Odd
//	  control bytes in the target                  part of it                            Whole, Odd
//	  HTTP/1.0, HTTP/1.2                           read as HTTP/1                        Whole
//	  no target, HTTP/1.1 and more                 parts cannot be told apart            Malformed
//	  HTTP/2.0, HTTP/0.9, GET without a version    another dialect (section 2.3)         Unsupported
//	  anything else                                no start line                         NotHTTP
//	lines of the head
//	  bare LF                                      a line end (section 2.2)              Whole, Odd
//	  CR that no LF follows                        a line end to some (section 2.2)      Malformed
//	  NUL                                          the end to some                       Malformed
//	fields
//	  two Hosts, other control bytes               servers refuse them or not            Whole, Odd
//	  no colon, no name, a name that is no token   as if it were not there               Whole, Odd
//	  folded line (section 5.2)                    part of the field before              Whole, Odd
//	  one of these that has the letters of         some server's Content-Length or       Malformed
//	  Content-Length or Transfer-Encoding          Transfer-Encoding (section 5.1)
//	Content-Length
//	  padded with zeros; several that are equal    one length (section 6.3)              Whole
//	  sign, no digits, beyond 2^63-1, different    no length, or two                     Malformed
//	  folded                                       readers differ                        Malformed
//	Transfer-Encoding
//	  chunked                                      (section 7.1)                         Whole
//	  gzip, deflate or compress before chunked     valid, but servers refuse it (501)    Unsupported
//	  any other, chunked twice or not last         end unknown (section 6.1)             Malformed
//	  with Content-Length, or in HTTP/1.0          smuggling (section 6.1)               Malformed
//	  folded                                       readers differ                        Malformed
//	chunked coding
//	  extensions, trailers, of any bytes but       frame nothing                         Whole
//	  CR, LF and NUL
//	  size missing or beyond 2^63-1                no size                               Malformed
//	  bare LF or CR, chunk longer than its size    readers differ                        Malformed
//
// A response has no body if it is a 1xx, a 204 or a 304, or the response to HEAD;
// behind a 101 or a 2xx to CONNECT comes something else than HTTP; and without a
// length it goes on until the connection ends (section 6.3).
//
// The table of requests in testdata/requests/odd.txt holds all this, row by row;
// package http1test reads it for the tests of other packages.
package http1
