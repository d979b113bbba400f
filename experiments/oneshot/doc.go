// Oneshot is the laboratory in one binary, to have on a PATH:
//
//	go install github.com/oneshot-nas/oneshot/experiments/oneshot@latest
//	oneshot help
//	oneshot correlation                                    # how well does a supernet rank?
//	oneshot topk -scores FILE -truth FILE                  # the same question of anyone's tables
//	oneshot all -study DIR                                 # every analysis in every space
//	oneshot groundtruth -serve                             # have it computed by workers
//	oneshot worker -connect URL                            # which this is, on any number of machines
//	oneshot report DIR                                     # its page anew
//	oneshot spaces describe -space darts
//
// Each command is also a main package beside this one, so that from a checkout "go run ./experiments/topk" does the same.
package main
