/** Why a criterion decided as it did. */
export type ReasonCode = keyof typeof REASONS

/** The sentence for each code, for people. The first six confirm; the others leave a match possible. */
export const REASONS = {
  exact_version: 'The record names exactly this version.',
  version_in_range: 'The version lies within the bounds of the record.',
  all_versions: 'The record concerns every version of this product.',
  no_version: 'Neither the record nor the asset carries a version.',
  platform_family: 'The platform of the asset belongs to the family the record names.',
  not_excluded: 'The asset is known not to be what the record excludes.',
  version_unknown: 'The version of the asset is unknown.',
  version_not_applicable: 'The asset is recorded as having no version, and the record gives a range.',
  version_undecidable: 'The version of the asset cannot be ordered against the bounds of the record.',
  update_unknown: 'The record names an update or service pack, and the one of the asset is unknown.',
  edition_unknown: 'The record names an edition or language, and the one of the asset is unknown.',
  vendor_unknown: 'The vendor of the asset is unknown; only the product name agrees.',
  platform_unknown: 'The platform the record asks for is not known of this asset.',
} as const
