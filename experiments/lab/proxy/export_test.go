package proxy

// Units is how many units the last architecture has, as naswot counts them.
func (c *Computer) Units() int { return c.units.seen }
