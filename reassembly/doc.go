// Package reassembly turns TCP segments into whole HTTP/1 requests.
package reassembly
