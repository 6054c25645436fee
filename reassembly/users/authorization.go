package users

import (
	"bytes"

	"gor/reassembly/http1"
)

// credentials returns the scheme of an Authorization field and what of its value is
// the same in all requests of a user; nothing where nothing is. Most schemes send
// the same each time (Basic, Bearer, an API key). Those that sign each request name
// the user, or the key, in a parameter; and those that send tokens of a handshake
// (RFC 4559) name nobody.
func credentials(value []byte) (scheme, id []byte) {
	n := bytes.IndexAny(value, " \t\r\n")
	if n < 0 {
		return nil, value // a bare token, as some interfaces have it
	}
	scheme, rest := value[:n], trim(value[n:])
	switch {
	case http1.EqualFold(scheme, "NTLM"), http1.EqualFold(scheme, "Negotiate"):
		return nil, nil
	case http1.EqualFold(scheme, "Digest"): // RFC 7616
		id, _ = param(rest, "username", ',')
	case http1.EqualFold(scheme, "OAuth"): // RFC 5849
		found := false
		if id, found = param(rest, "oauth_token", ','); !found {
			id, _ = param(rest, "oauth_consumer_key", ',')
		}
	case http1.EqualFold(scheme, "AWS4-HMAC-SHA256"): // AWS Signature Version 4: the key's id, the date, ...
		id, _ = param(rest, "Credential", ',')
		id, _, _ = bytes.Cut(id, []byte{'/'})
	default:
		id = rest
	}
	return scheme, id
}
