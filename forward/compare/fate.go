package compare

// A fate is what became of one exchange. What is compared and differs has its final
// fate only in a report: it depends on what is known of noise by then.
type fate uint8

const (
	waiting fate = iota
	compared
	noOriginal
	noResponse
	expired
	fates
)
