package udpwire

// A loadGauge knows how full the replayer's queue is, asking at most once in reportIdle.
type loadGauge struct {
	sample  func() float64 // How full, 0 to 1.
	at      int64          // When it was last asked, in ns.
	percent uint8          // What it said then.
}

// read returns the load in percent.
func (g *loadGauge) read(now int64) uint8 {
	if now-g.at >= reportIdle {
		g.at, g.percent = now, uint8(min(max(g.sample(), 0), 1)*100)
	}
	return g.percent
}
