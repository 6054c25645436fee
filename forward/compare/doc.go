// Package compare judges whether a target answers as production does, and knows what
// is only noise.
package compare
