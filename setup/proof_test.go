package setup_test

import (
	"slices"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
)

// prove takes a person through the whole setup and returns what was proven.
func (w *world) prove(email string, c bitbucketsim.Client) fairlead.Proof {
	w.t.Helper()
	s := w.finish(w.trip(email, w.window(w.start(c.ID, c.Secret).ID), "grant"))
	if s.State != fairlead.SetupVerified {
		w.t.Fatalf("state %s, %+v", s.State, s.Diagnosis)
	}
	return *s.Proof
}

// wantMarks compares the marks of the needed permissions, in the order account, repositories, webhooks.
func wantMarks(t *testing.T, p fairlead.Proof, want ...fairlead.Mark) {
	t.Helper()
	var names []string
	var marks []fairlead.Mark
	for _, c := range p.Checks {
		if !c.Extra {
			names, marks = append(names, c.Name), append(marks, c.Mark)
		}
	}
	if !slices.Equal(marks, want) || !slices.Equal(names, []string{"Account: Read", "Repositories: Write", "Webhooks: Read and write"}) {
		t.Errorf("got %v for %v, want %v", marks, names, want)
	}
}

func TestAProofSaysUsedOnlyForWhatWasUsed(t *testing.T) {
	w := newWorld(t)
	p := w.prove(priya, w.register())
	wantMarks(t, p, fairlead.MarkUsed, fairlead.MarkGranted, fairlead.MarkGranted)
	if p.Account.Name != "Priya Raman" || p.Account.ID != accountOf(priya).UUID || !p.At.Equal(w.clock.Now()) {
		t.Errorf("got %+v at %v", p.Account, p.At)
	}
	if c := p.Checks[1]; c.Evidence != "16 repositories" || !strings.Contains(c.Note, "Nothing was written.") {
		t.Errorf("got %+v", c)
	}
	if c := p.Checks[2]; !strings.Contains(c.Note, "acme-data/orders-db") {
		t.Errorf("got %+v", c)
	}
}

func TestWritingIsNotKnownWhereTheHostNamesNoScopes(t *testing.T) {
	w := newWorld(t)
	w.faults(bitbucketsim.Faults{NoScopes: true})
	wantMarks(t, w.prove(priya, w.register()), fairlead.MarkUsed, fairlead.MarkUnknown, fairlead.MarkUnknown)
}

func TestAnAccountWithoutRepositoriesLeavesTwoRowsUnknown(t *testing.T) {
	for name, f := range map[string]bitbucketsim.Faults{
		"classic": {}, "granular": {GranularScopes: true}, "none": {NoScopes: true}, "2026": {Backend2026: true},
	} {
		for _, email := range []string{nora, wes} {
			t.Run(name+" "+email, func(t *testing.T) {
				w := newWorld(t)
				w.faults(f)
				wantMarks(t, w.prove(email, w.register()), fairlead.MarkUsed, fairlead.MarkUnknown, fairlead.MarkUnknown)
			})
		}
	}
}

func TestWhatIsGrantedBeyondTheNeededIsListedAsExtra(t *testing.T) {
	w := newWorld(t)
	p := w.prove(priya, w.register(func(c *bitbucketsim.Client) {
		c.Permissions = append(c.Permissions, "repository", "pullrequest", "project")
	}))
	var extras []string
	for _, c := range p.Checks {
		if c.Extra {
			extras = append(extras, c.Name)
			if c.Mark != fairlead.MarkGranted {
				t.Errorf("%s is marked %s", c.Name, c.Mark)
			}
		}
	}
	if want := []string{"Projects: Read", "Pull requests: Read"}; !slices.Equal(extras, want) {
		t.Errorf("got %v, want %v", extras, want)
	}
}
