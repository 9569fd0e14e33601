package setup

import (
	"strconv"
	"strings"
)

func firstFree(base string, taken map[string]bool) string {
	name := base
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = base + " " + strconv.Itoa(n)
	}
	return name
}
