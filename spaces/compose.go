package spaces

// Composer is a Space that can make an architecture from one value for each decision. Its Sample must give the same chance to
// every architecture that Compose can make: then a part of the space is drawn from by drawing each decision among the values
// that are left, however few those are. Parts of other spaces are drawn from by drawing from the whole space until an
// architecture belongs to the part.
type Composer interface {
	Space
	// Compose returns the architecture that takes at each decision the value of the given index, in the order of Choices; it
	// ignores decisions that do not arise. It returns false where the values do not go together.
	Compose(values []int) (Arch, bool)
}
