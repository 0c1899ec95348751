-- What two spellings of one name have in common, for whoever looks for people and companies known
-- already. Columns are generated from these: row-level security lets no index serve an expression.

-- The words of a name that tell it from others, sorted: no accents, capitals, titles (Mr, Dr, Smt),
-- forms of a company (Pvt Ltd, Private Limited, LLP). A name of nothing else keeps all its words.
create function kernel.name_words(p_name text) returns text[]
language plpgsql immutable strict parallel safe as $$
declare
    plain  text := lower(p_name);
    words  text[];
    telling text[];
begin
    if plain ~ '[^\x01-\x7f]' then
        plain := translate(
            regexp_replace(normalize(plain, NFKD), '[\u0300-\u036f’‘´]+', '', 'g'),
            'øłđıð·–—…।', 'oldid     ');
    end if;
    plain := replace(replace(translate(plain, '''`', ''), 'm/s', ' '), '(p)', ' ');
    words := regexp_split_to_array(plain, '[\s!-/:-@\[-`{-~]+');
    select array_agg(said order by said),
           array_agg(said order by said) filter (where said not in (
               'mr', 'mrs', 'ms', 'miss', 'mx', 'master', 'dr', 'prof', 'professor', 'adv',
               'advocate', 'capt', 'maj', 'lt', 'col', 'gen', 'sir', 'madam', 'shri', 'shree',
               'shrimati', 'smt', 'srimati', 'sri', 'sree', 'sh', 'kum', 'ji', 'jee', 'messrs',
               'late', 'the', 'and', 'pvt', 'private', 'ltd', 'limited', 'pvtltd', 'llp', 'llc',
               'inc', 'incorporated', 'corp', 'corporation', 'co', 'company', 'plc', 'gmbh',
               'opc', 'pte', 'pty', 'bv', 'sarl'))
      into words, telling
      from unnest(words) as part (said)
     where said <> '';
    return coalesce(telling, words, '{}');
end
$$;

create function kernel.name_key(p_name text) returns text
language plpgsql immutable strict parallel safe as $$
begin
    return left(array_to_string(kernel.name_words(p_name), ' '), 200);
end
$$;

-- How a name sounds where people write it in many ways: Sharma and Sarma, Lakshmi and Laxmi, Deepak
-- and Dipak, Choudhury and Chaudhari, Md and Mohammed. Initials beside two words or more are left out.
create function kernel.sound_key(p_name text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    words text[] := kernel.name_words(p_name);
    sound text;
begin
    if (select count(*) from unnest(words) as word (said) where length(said) > 1) > 1 then
        words := array(
            select said from unnest(words) as word (said)
             where length(said) > 1 or strpos('0123456789', said) > 0);
    end if;
    sound := array_to_string(words, '  ');
    sound := ' ' || sound || ' ';
    sound := replace(replace(replace(replace(sound,
        ' md ', ' mohammad '), ' mohd ', ' mohammad '), ' kr ', ' kumar '), 'muh', 'moh');
    sound := replace(replace(replace(sound, 'x', 'ks'), 'chh', 'ch'), 'ck', 'k');
    sound := replace(replace(replace(sound, 'ch', '#'), 'c', 'k'), 'ph', 'f');
    sound := replace(replace(replace(sound, 'sh', 's'), 'bh', 'b'), 'dh', 'd');
    sound := replace(replace(replace(sound, 'th', 't'), 'kh', 'k'), 'gh', 'g');
    sound := replace(replace(replace(sound, 'jh', 'j'), 'ow', 'o'), 'ou', 'o');
    sound := replace(replace(replace(sound, 'au', 'o'), 'ee', 'i'), 'oo', 'u');
    sound := translate(sound, 'zqwy', 'jkvi');
    sound := replace(replace(replace(sound, 'ie', 'i'), 'h ', ' '), 'uri ', 'ari ');
    sound := regexp_replace(sound, '([^0-9])\1+', '\1', 'g');
    sound := replace(replace(sound, 'agraval', 'agarval'), 'mohamed', 'mohamad');
    sound := replace(sound, '#', 'ch');
    return left(coalesce((
        select string_agg(said, ' ' order by said)
          from regexp_split_to_table(sound, ' +') as part (said)
         where said <> ''), ''), 200);
end
$$;

grant execute on function kernel.name_words, kernel.name_key, kernel.sound_key to tandem_app;
