-- Whether a session has shown a factor of the person's own, and not merely what a provider vouched for:
-- only that goes along to another company.
alter table identity.session add column has_own_factor boolean not null default false;
update identity.session set has_own_factor = has_two_factors where method <> 'sso';
