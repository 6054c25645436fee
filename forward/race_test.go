//go:build race

package forward

const raceEnabled = true // pools drop items at random
