package gitprovider

import (
	"slices"
	"strings"
	"testing"
)

func TestA403NamesAllThatIsMissingAndNothingThatIsGranted(t *testing.T) {
	for name, c := range map[string]struct {
		required, granted string // "-" is a list that was not sent
		want              []string
	}{
		"what the call required, where the grants are not told": {"webhook", "-", []string{"webhooks"}},
		"all that the call required, likewise":                  {"account repository", "-", []string{"account", "repositories"}},
		"not what is granted":                                   {"account repository", "account webhook", []string{"repositories"}},
		"not what is granted by implication":                    {"account repository", "repository:write webhook", []string{"account"}},
		"also what another call would have required":            {"account", "webhook", []string{"account", "repositories"}},
		"everything, where nothing is granted":                  {"account", "", []string{"account", "webhooks", "repositories"}},
		"granular names":                                        {"read:repository:bitbucket", "read:user:bitbucket read:workspace:bitbucket read:webhook:bitbucket write:webhook:bitbucket", []string{"repositories"}},
		"nothing, where the answer contradicts itself":          {"account", "account webhook repository:write", nil},
		"nothing, where it asks for what we never need":         {"issue", "account webhook repository:write", nil},
		"names that nobody knows":                               {"account", "something-new", []string{"account"}},
	} {
		t.Run(name, func(t *testing.T) {
			grants := strings.Fields(c.granted)
			if c.granted == "-" {
				grants = nil
			}
			if got := bitbucketLacking(strings.Fields(c.required), grants); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
