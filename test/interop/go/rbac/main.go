// Evaluates a table of authorization cases with Kubernetes' own code, so that Postern's answers can be held against it.
// It reads the table as JSON from standard input and writes one JSON answer for each case, in order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/component-helpers/auth/rbac/validation"
	rbacauthorizer "k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
	registry "k8s.io/kubernetes/pkg/registry/rbac/validation"
)

// table is what is to be judged: one set of objects for each case.
type table struct {
	Authorize []authorizeCase `json:"authorize"`
	Covers    []coversCase    `json:"covers"`
}

type objects struct {
	Roles               []*rbacv1.Role               `json:"roles"`
	ClusterRoles        []*rbacv1.ClusterRole        `json:"clusterRoles"`
	RoleBindings        []*rbacv1.RoleBinding        `json:"roleBindings"`
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding `json:"clusterRoleBindings"`
}

type subject struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups"`
}

type authorizeCase struct {
	Objects     objects `json:"objects"`
	User        subject `json:"user"`
	Verb        string  `json:"verb"`
	APIGroup    string  `json:"apiGroup"`
	Resource    string  `json:"resource"`
	Subresource string  `json:"subresource"`
	Name        string  `json:"name"`
	Namespace   string  `json:"namespace"`
	Path        *string `json:"path"`
}

type coversCase struct {
	Owner   []rbacv1.PolicyRule `json:"owner"`
	Servant []rbacv1.PolicyRule `json:"servant"`
}

type answers struct {
	Authorize []authorizeAnswer `json:"authorize"`
	Covers    []coversAnswer    `json:"covers"`
}

type authorizeAnswer struct {
	Allowed bool `json:"allowed"`
	// Subjects are those that may do it, whoever asks.
	Subjects []rbacv1.Subject `json:"subjects"`
	// Rules are those that the user has in the namespace.
	Rules []rbacv1.PolicyRule `json:"rules"`
}

type coversAnswer struct {
	Covered bool                `json:"covered"`
	Missing []rbacv1.PolicyRule `json:"missing"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var given table
	if err := decoder.Decode(&given); err != nil {
		return err
	}
	var answered answers
	for _, each := range given.Authorize {
		answer, err := authorize(each)
		if err != nil {
			return err
		}
		answered.Authorize = append(answered.Authorize, answer)
	}
	for _, each := range given.Covers {
		covered, missing := validation.Covers(each.Owner, each.Servant)
		answered.Covers = append(answered.Covers, coversAnswer{covered, missing})
	}
	return json.NewEncoder(os.Stdout).Encode(answered)
}

func authorize(given authorizeCase) (authorizeAnswer, error) {
	if err := aggregate(given.Objects.ClusterRoles); err != nil {
		return authorizeAnswer{}, err
	}
	ctx := context.Background()
	resolver, static := registry.NewTestRuleResolver(
		given.Objects.Roles, given.Objects.RoleBindings,
		given.Objects.ClusterRoles, given.Objects.ClusterRoleBindings,
	)
	asked := attributes(given)
	decision, _, _ := rbacauthorizer.New(static, static, static, static).Authorize(ctx, asked)
	located, _ := rbacauthorizer.NewSubjectAccessEvaluator(static, static, static, static, "").AllowedSubjects(ctx, asked)
	rules, _ := resolver.RulesFor(ctx, asked.User, given.Namespace)
	return authorizeAnswer{decision == authorizer.DecisionAllow, located, rules}, nil
}

func attributes(given authorizeCase) authorizer.AttributesRecord {
	record := authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: given.User.Name, Groups: given.User.Groups},
		Verb: given.Verb,
	}
	if given.Path != nil {
		record.Path = *given.Path
		return record
	}
	record.ResourceRequest = true
	record.APIGroup, record.APIVersion = given.APIGroup, "v1"
	record.Resource, record.Subresource = given.Resource, given.Subresource
	record.Name, record.Namespace = given.Name, given.Namespace
	return record
}

// aggregate does what the controller of aggregated ClusterRoles does, round after round until nothing changes. It begins
// without the rules of those roles, because the controller replaces them.
func aggregate(roles []*rbacv1.ClusterRole) error {
	sort.Slice(roles, func(a, b int) bool { return roles[a].Name < roles[b].Name })
	for _, role := range roles {
		if role.AggregationRule != nil {
			role.Rules = nil
		}
	}
	for range roles {
		for _, role := range roles {
			if role.AggregationRule == nil {
				continue
			}
			rules, err := aggregated(role, roles)
			if err != nil {
				return err
			}
			role.Rules = rules
		}
	}
	return nil
}

func aggregated(into *rbacv1.ClusterRole, roles []*rbacv1.ClusterRole) ([]rbacv1.PolicyRule, error) {
	var rules []rbacv1.PolicyRule
	seen := map[string]bool{}
	for index := range into.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&into.AggregationRule.ClusterRoleSelectors[index])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ClusterRole %s", into.Name), err)
		}
		for _, role := range roles {
			if role.Name == into.Name || !selector.Matches(labels.Set(role.Labels)) {
				continue
			}
			for _, rule := range role.Rules {
				if !seen[rule.String()] {
					seen[rule.String()] = true
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules, nil
}
