// Package diff finds where two answers to the same request differ. It knows two
// answers and nothing else: which of the differences matter is for package compare
// to say.
//
//	Answer, Answer --> Differ.Compare --> Difference, Difference ...
//
// A Difference has a path, which is the same for all answers of a route: status, header etag,
// $.items[].price. Elements of arrays have no number in it, and members whose names are
// ids of things are {id}. Begin with answer.go and differ.go.
//
// # What is compared
//
//	status   where it differs, nothing else is compared: an error page has other fields
//	header   field by field, fields.go says how. Not at all: what is about the connection, the moment, the single request or
//	         a cache in between. Only whether it is there: ETag, Last-Modified, Expires. Lists in any order. URLs without
//	         scheme and host. Cookies by name and attributes, without value, domain and age.
//	body     JSON by path, with the members of objects in any order and the elements of arrays by their id (or name, or key), if
//	         all have one. Another order of the same elements is a difference of its own. HTML and XML by what stands in and
//	         behind the tags of one name, in any order (body <title>, body <a …>). Everything else as a whole; of texts
//	         is shown where they begin to differ.
//	         gzip and deflate are undone first. Where bodies were not captured, their lengths.
//
// What a server says of itself, by the host that the request was sent to, is the same as what the other says of
// itself: in fields, strings of JSON and texts (self.go).
//
// Two JSON objects are taken apart together (twins.go): what both have in the same place is not taken apart, and what
// they end with alike is not read, so that a few values that differ cost little. An array that differs is taken apart whole.
//
// # What is marked
//
// A Difference is Generated where its two values look as if they were drawn by chance (UUIDs, hashes,
// tokens), or are the time of the two answers, and where it is in a comment of HTML: it is noise wherever it is found. It is
// Steady where its values do not change with time alone: a word, a status, whether something is there at all.
// Of names and versions (nginx/1.22.1) is only told which two they are.
//
// # Secrets
//
// Values of cookies, of fields such as Authorization, and of members of JSON whose name says so (password, token,
// session ...) are compared, and never shown; nor are objects and arrays that only one answer has.
//
// # Limits
//
// Bodies of 2 MiB after decompression, 50,000 values, a million looked at, 100 levels; 200 differences of one pair. What is
// beyond is not compared, and said not to be. brotli and zstd cannot be read.
package diff
