// Package dataset holds images and texts to train and test on: where they come from, and how they become batches.
//
//	train, test, err := dataset.ReadCIFAR10(dir)
//	loader := dataset.NewLoader(train, dataset.Augment{Pad: 4, Flip: true})
//	for batch := range loader.Epoch(64, rng) { // shuffled, augmented, made in the background
//		x := tape.Constant(batch.Images) // [64][32][32][3]
//
//	text, err := dataset.ReadPTB(dir)
//	for tokens, targets := range dataset.Segments(text.Train, 20, 35) { // numbers of words, which are text.Words
//
// # Images
//
// [Images] is a whole data set in memory, as bytes: CIFAR-10 takes 184 MB, as floats it would be four times that.
// [Images.Split] parts a set at random but with every class in proportion, for what a search may see and what judges
// it; [Images.Subset] takes a list of images, such as a published split. Both copy.
//
// The mean and the standard deviation of each channel are computed from the training images. They go with every subset,
// so that weights and scores stay comparable.
//
// [Images.Fingerprint] tells data sets apart. It belongs with the results: CIFAR-10 is about in copies whose pixels are
// not the official ones, and the readers do not refuse those.
//
// # Where they come from
//
// [ReadCIFAR10] and [ReadCIFAR100] read the binary version of the official archives. [ReadPictures] reads pictures (JPEG, PNG, GIF, BMP,
// WebP) to train and to test on, in one directory per class, the layout of ImageNet, or as Tiny ImageNet has them; [ReadImageFolder] reads
// one such folder. What is wrong with a file is said with its name, the record and the byte, what was expected, and where to get it.
// [ReadCIFAR10FS] and others of that ending read from an fs.FS, such as an archive or what a program embeds.
//
// Sizes are checked before anything is read or allocated: a file of CIFAR has the size that its records take, a picture at most 256 MiB
// and 64 million pixels, all pictures together 16 GiB as they are kept, a text 1 GiB. Only regular files are opened.
//
// [Generate] needs no files. It draws as many pictures as you like, of the size of CIFAR's, in ten classes: five pairs
// whose partners differ in one respect.
//
//	fine stripes / coarse stripes    the period
//	checks / blotches                the directions that a texture has
//	disc / ring                      a hole
//	warm horizontal / warm vertical  which of two striped boxes has which hue; both classes have both hues and directions,
//	                                 the warm box has the stronger stripes
//	target / spokes                  the arrangement of edges, all of whose directions occur in both
//
// Place, size, shape of the patch, phase, direction, colours, contrast, background and noise vary at random and alike
// for both partners, so neither a pixel nor the mixture of colours gives a class away: a linear classifier of pixels gets
// less than a quarter right. Filters, and filters of filters, do, with noise that keeps any network from getting everything
// right.
//
// [GenerateSize] draws the same pictures in other sizes. At 16×16, patterns fit a patch only once or twice, and networks differ
// most: random cells of NAS-Bench-201, with four channels and one cell a stage, are between 25 % (cells that only pool) and 84 %
// after four epochs of 8,000 images.
//
// # Batches
//
// [Loader.Epoch] goes through images once; a goroutine makes the next batch while the loop is busy with one. What chance decides depends on
// the generator that it is given alone: the same seed gives the same batches. [Batches] does that for examples of any kind, with several
// goroutines where making a batch takes long; files that cannot be read are errors there:
//
//	pass := dataset.Pass{Len: len(files), Batch: 16, Rand: rng, Workers: 4}
//	for batch, err := range dataset.Batches(pass, load) {
//
// A loop may end early; then no goroutine stays behind. Batches are not used again: a tape may hold several.
//
// [Loader.Batch] normalises and augments. What it does at random to the image at position i of a batch comes from a
// generator of its own, seeded with the key of the batch and i: nothing depends on what was asked before, or by whom, so
// that a training which is interrupted in step 1,000 can go on with the bits it would have had. Key 0 is for testing
// and leaves images as they are.
//
// What it does comes in the order of the published recipes: shift, mirror, normalise, cutout. So the border that a shift brings in is
// black, which is not 0 after normalising; the square that cutout blanks is 0, the mean colour.
//
// # Texts
//
// [Text] is a vocabulary and three streams of words, to train on, to choose by and to test on. [ReadPTB] reads them from files of
// plain words, those of the Penn Treebank or others, and [ReadText] from files of any name. [Text.Limit] makes the vocabulary smaller,
// [Text.Encode] reads words that a user types. [Text.Fingerprint] tells texts apart, as that of images does.
//
// [GenerateText] needs no files. Its language has 55 words and four kinds of sentences, three of which ask for memory:
//
//	horse that vine often never grows now eats    agreement: four genders of nouns have verbs of their own, at any
//	                                              distance, and up to three clauses are within each other
//	( [ [ ( ) ] ] )                               counting and nesting: up to ten brackets of two kinds are closed
//	c a a f : c a a f                             copying, of one to six letters
//	quite soon today                              adverbs, which also stand between nouns and verbs: each has favourites
//	                                              among its followers, by Zipf's law
//
// The first word tells the kind of a sentence, and all that the generator draws by can be told from the words so far. So the
// entropy that [GeneratedEntropy] computes is exact, and no model can do better. The perplexity of 10,000 words is 55 for a
// uniform guess; with counts of words in 100,000 others it is 24.6, with those of pairs 6.2, and of runs of up to four, which do
// best, 5.8; the least there can be is 3.64. Random cells of DARTS ([github.com/oneshot-nas/oneshot/spaces/dartsptb]) with 48
// units end between 3.88 and 4.21 after five epochs of 200,000 words, and the spread between architectures is 1.6 times that
// between seeds.
package dataset
