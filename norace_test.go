//go:build !race

package main

// raceEnabled lowers the live tests' rates where the race detector runs.
const raceEnabled = false
