package compare

import (
	"strconv"
)

// number writes a count.
func number(n uint64) string { return strconv.FormatUint(n, 10) }
