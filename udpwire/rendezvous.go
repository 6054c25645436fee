package udpwire

// Rendezvous hashing (Thaler and Ravishankar, 1998) says which of several replayers a lane's messages go to: each
// replayer has a score for each lane, and the highest has it. When a replayer goes, only its own lanes move, each to
// whoever was second; when one comes, it takes from each of the others what it scores higher for: 1/n in all. Nobody
// has to remember who had what, and who computes it elsewhere comes to the same.
//
// The scores are made of the lane, which is a hash of what keeps its order, and of the instance, the random number that a
// replayer's process says it is: the one thing that all listeners know alike of it, by whatever name or address they
// reach it. So a user seen by several listeners has one replayer.

// maxReplayers is how many replayers messages can be spread over: a place is a byte, and the last value says that there is none.
const maxReplayers = 255

// score is how much the replayer of an instance wants a lane.
func score(lane int, instance uint64) uint64 { return mix(instance ^ mix(uint64(lane)+1)) }

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014): each bit of x changes each bit of the result with a
// chance of one half.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// choose returns the place among instances, of which there is at least one, of the replayer that has a lane.
func choose(lane int, instances []uint64) int {
	best, most := 0, score(lane, instances[0])
	for i, instance := range instances[1:] {
		if s := score(lane, instance); s > most || s == most && instance > instances[best] {
			best, most = i+1, s
		}
	}
	return best
}
