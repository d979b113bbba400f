// Package gather picks elements of an array by their index along one axis, and adds gradients back to where they were picked.
//
// Operands are [Outer][Axis][Rows][Cols] floats, which is what any axis of a tensor looks like from itself: the axes before it, and those
// behind it. [Select] copies everything that lies behind an index, one for each step along the axis of the result (torch.index_select);
// [Pick] has an index for each element (torch.gather). [AddSelect] and [AddPick] are their gradients, torch.index_add and scatter_add. An
// index that is not one of the axis panics with an error that names it.
//
// What is added to an element is added in the order of the indices, for any number of threads: the work is cut along the other axes. The
// loops are plain Go on every instruction set, since rows are moved by copy and vec.LocalAddTo, and single elements wait for memory.
package gather
