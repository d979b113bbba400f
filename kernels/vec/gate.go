package vec

// The functions of this file are for rows of a recurrent layer, which a parallel.Task has at hand: there are no others that share the work.

// LocalGate computes c[i] = 1 / (1 + e^-c[i]), as [Sigmoid], and dst[i] = s[i] + c[i]·(f[i] - s[i]): how far the gate c lets f replace s.
// dst may be any of the others but c.
func LocalGate(dst, c, f, s []float32) {
	checkLengths("vec.LocalGate", len(dst), len(c), len(f), len(s))
	if active.gate != nil {
		active.gate(dst, c, f, s)
		return
	}
	active.sigmoid(c, c, nil, 0)
	for i, v := range s {
		dst[i] = v + float32(c[i]*(f[i]-v))
	}
}

// LocalGateBackward computes the gradients of [LocalGate] from dy, that of its result, and c, f and s as they are after it: df[i] =
// dy[i]·c[i] and ds[i] = base[i] + dy[i] - df[i]; that of the gate, dy[i]·(f[i] - s[i])·c[i]·(1 - c[i]), replaces c. ds may be base, and df
// may be f.
func LocalGateBackward(ds, base, df, c, f, s, dy []float32) {
	checkLengths("vec.LocalGateBackward", len(ds), len(base), len(df), len(c), len(f), len(s), len(dy))
	if active.gateBackward != nil {
		active.gateBackward(ds, base, df, c, f, s, dy)
		return
	}
	for i, d := range dy {
		g := c[i]
		c[i] = float32(float32(g*float32(d*(f[i]-s[i]))) * (1 - g))
		a := float32(d * g)
		df[i], ds[i] = a, float32(base[i]+d)-a
	}
}
