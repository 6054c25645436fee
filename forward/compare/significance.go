package compare

import "math"

// level is how improbable what is reported has to be if there were no difference: with
// thousands of places looked at again and again, less than one in ten runs would report one by chance,
// if all of them were as noisy as can be.
const level = 1e-6

// fisher is the probability that of n exchanges k or more would differ, and of m repeats only
// j, if exchanges differed as often as repeats do: Fisher's exact test, one-sided (the tail
// of the hypergeometric distribution).
func fisher(k, n, j, m uint64) float64 {
	k, j = min(k, n), min(j, m) // places that fell together may be counted twice
	if n == 0 || m == 0 || k*m <= j*n {
		return 1 // or near it: repeats differ as often
	}
	differ := k + j
	term := math.Exp(lnChoose(n, k) + lnChoose(m, j) - lnChoose(n+m, differ))
	p := term
	for i := k; i < min(n, differ) && term > p*1e-9; i++ { // more of the exchanges, fewer of the repeats
		term *= float64(n-i) * float64(differ-i) / (float64(i+1) * float64(m+i+1-differ))
		p += term
	}
	return min(p, 1)
}

// binomial is the probability of k or more of n, of which each has the probability p: the sign test, where
// p is one half.
func binomial(k, n uint64, p float64) float64 {
	if k = min(k, n); k == 0 {
		return 1
	}
	if float64(k) <= float64(n)*p { // not worth a sum
		return 1
	}
	term := math.Exp(lnChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	sum := term
	for i := k; i < n && term > sum*1e-9; i++ {
		term *= float64(n-i) / float64(i+1) * p / (1 - p)
		sum += term
	}
	return min(sum, 1)
}

// lnChoose is the logarithm of how many ways there are to choose k of n.
func lnChoose(n, k uint64) float64 {
	lg := func(x uint64) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return lg(n) - lg(k) - lg(n-k)
}
